begin;
alter table rides.rides drop column day;
commit;
