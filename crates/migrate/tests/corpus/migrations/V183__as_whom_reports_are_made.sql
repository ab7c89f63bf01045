-- pgkeel: role=pg_monitor
select * from audit.changes limit 1;
