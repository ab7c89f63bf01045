drop materialized view report.nothing_yet;
drop view report.numbers;
drop view report.long_rides;
drop view report.legs;
