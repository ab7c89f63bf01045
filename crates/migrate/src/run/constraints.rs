//! What the COMMIT of a file checks, in a transaction that goes on behind the file.

/// Checks what was put off, and puts off again what is so by default, as the next file should find it.
///
/// By name, as SET CONSTRAINTS ALL would hold for the constraints of later files too. Whatever was put off is of tables that
/// this transaction has locked, so nobody can drop these. The others, which the file may have set by SET CONSTRAINTS, may go
/// meanwhile, as the schemas of other tenants do: so they are set a schema at a time, and those that have gone are left out.
pub(crate) const CHECK_CONSTRAINTS: &str = "\
do $pgkeel$ declare held pg_catalog.oid[]; one record; begin
  held := array(select relation from pg_catalog.pg_locks where locktype operator(pg_catalog.=) 'relation'
    and pid operator(pg_catalog.=) pg_catalog.pg_backend_pid() and database operator(pg_catalog.=)
      (select oid from pg_catalog.pg_database where datname operator(pg_catalog.=) pg_catalog.current_database()));
  for one in
    select is_held, pg_catalog.string_agg(name, ', ') as names,
           pg_catalog.string_agg(name, ', ') filter (where condeferred) as late
      from (select conrelid operator(pg_catalog.=) any (held) or confrelid operator(pg_catalog.=) any (held) as is_held,
                   condeferred, nspname, pg_catalog.format('%I.%I', nspname, conname) as name
              from pg_catalog.pg_constraint join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) connamespace
             where condeferrable and pg_catalog.has_schema_privilege(n.oid, 'usage')) as c
     group by is_held, case when not is_held then nspname end order by is_held desc
  loop
    begin
      execute pg_catalog.format('set constraints %s immediate', one.names);
      if one.late is not null then execute pg_catalog.format('set constraints %s deferred', one.late); end if;
    exception when undefined_object or invalid_schema_name then
      if one.is_held then raise; end if;
    end;
  end loop;
end $pgkeel$;
";

/// Whether there are any.
pub(crate) const HAS_CONSTRAINTS: &str =
    "select exists (select from pg_catalog.pg_constraint where condeferrable)";
