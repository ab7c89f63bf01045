revoke all on all tables in schema audit from public;
grant usage on schema audit to pg_monitor;
grant select on audit.changes to pg_monitor with grant option;
alter default privileges in schema audit grant select on tables to pg_monitor;
