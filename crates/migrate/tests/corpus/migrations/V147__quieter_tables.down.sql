alter table support.complaints alter column words set storage extended;
alter table support.complaints reset (toast.autovacuum_vacuum_cost_delay);
alter table fleet.stations reset (autovacuum_enabled, fillfactor);
