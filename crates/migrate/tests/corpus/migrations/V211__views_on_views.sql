create view report.legs as select ride, count(*) as legs, sum(metres) as metres from rides.legs group by ride;
create view report.long_rides as select * from rides.legs where metres > 1000 with local check option;
create recursive view report.numbers (n) as values (1) union all select n + 1 from numbers where n < 5;
create materialized view report.nothing_yet as select * from report.long_rides with no data;
comment on column report.legs.metres is 'null if nobody counted';
alter view report.legs alter column legs set default 1;
