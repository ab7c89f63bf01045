insert into odd.seen select 205, ((((((((select (((('deep;')))))))))))::text) where (((true)));
create view odd.deep as
    select ((n + (1))) as n, array(select (i) from generate_series(1, (n)) as i) as upto
      from (values (1), ((2)), (((3)))) as v(n) where (n) in ((1), (2), (3)) and exists ((select (';')));
insert into odd.seen select 205, upto::text from odd.deep;
