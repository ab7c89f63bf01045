//! What the COMMIT of a file checks, in a transaction that goes on behind the file.

/// Checks what was put off, and puts off again what is so by default, as the next file should find it.
///
/// By name, as SET CONSTRAINTS ALL would hold for the constraints of later files too. Whatever was put off is of tables that
/// this transaction has locked, so nobody can drop these. The others, which the file may have set by SET CONSTRAINTS, may go
/// meanwhile, as the schemas of other tenants do: so they are set a schema at a time, and those that have gone are left out.
pub(crate) const CHECK_CONSTRAINTS: &str = "\
do $pgkeel$ declare held oid[]; one record; begin
  held := array(select relation from pg_catalog.pg_locks where locktype = 'relation' and pid = pg_backend_pid()
    and database = (select oid from pg_catalog.pg_database where datname = current_database()));
  for one in
    select is_held, string_agg(name, ', ') as names, string_agg(name, ', ') filter (where condeferred) as late
      from (select conrelid = any (held) or confrelid = any (held) as is_held, condeferred, nspname,
                   format('%I.%I', nspname, conname) as name
              from pg_catalog.pg_constraint join pg_catalog.pg_namespace n on n.oid = connamespace
             where condeferrable and has_schema_privilege(n.oid, 'usage')) as c
     group by is_held, case when not is_held then nspname end order by is_held desc
  loop
    begin
      execute 'set constraints ' || one.names || ' immediate';
      if one.late is not null then execute 'set constraints ' || one.late || ' deferred'; end if;
    exception when undefined_object or invalid_schema_name then
      if one.is_held then raise; end if;
    end;
  end loop;
end $pgkeel$;
";

/// Whether there are any.
pub(crate) const HAS_CONSTRAINTS: &str =
    "select exists (select from pg_catalog.pg_constraint where condeferrable)";
