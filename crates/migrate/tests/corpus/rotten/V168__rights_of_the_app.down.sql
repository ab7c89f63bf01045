alter default privileges in schema report revoke execute on routines from pg_monitor;
alter default privileges grant execute on functions to public;
revoke usage on language night from pg_monitor;
revoke usage on foreign server ulm from pg_monitor;
grant usage on type fleet.place to public;
revoke execute on all functions in schema report from pg_monitor;
revoke usage, select on sequence billing.invoice_numbers from pg_monitor;
revoke select (id, name, docks), update (docks) on fleet.stations from pg_read_all_settings;
revoke usage on schema rides from public;
