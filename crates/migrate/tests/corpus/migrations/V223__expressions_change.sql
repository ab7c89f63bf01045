-- from PostgreSQL 17
create table report.sums (a int, b int, total int generated always as (a + b) stored);
alter table report.sums alter column total set expression as (a + b + 1);
create collation report.plain (provider = builtin, locale = 'C');
grant maintain on report.sums to pg_monitor;
