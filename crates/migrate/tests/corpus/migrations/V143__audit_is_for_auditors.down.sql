alter default privileges in schema audit revoke select on tables from pg_monitor;
revoke all on audit.changes from pg_monitor;
revoke usage on schema audit from pg_monitor;
