grant usage on schema rides, fleet to public;
grant select (id, name, docks), update (docks) on fleet.stations to pg_read_all_settings;
grant usage, select on sequence billing.invoice_numbers to pg_monitor;
grant execute on all functions in schema report to pg_monitor;
revoke usage on type fleet.place from public;
grant usage on foreign server ulm to pg_monitor;
grant usage on language night to pg_monitor;
alter default privileges revoke execute on functions from public;
alter default privileges in schema report grant execute on routines to pg_monitor;
