-- pgkeel: transaction=off
select 1;
set role pg_monitor;
