alter table fleet.stations set (autovacuum_enabled = false, fillfactor = 75);
alter table support.complaints set (toast.autovacuum_vacuum_cost_delay = 10);
alter table support.complaints alter column words set storage external;
