do language plpgsql $migration$
declare
    t record;
begin
    for t in select nspname, relname from pg_class join pg_namespace n on n.oid = relnamespace
              where nspname in ('billing', 'rides') and relkind = 'r' order by 1, 2
    loop
        execute format('alter table %I.%I add column if not exists imported_at timestamptz', t.nspname, t.relname);
    end loop;
end
$migration$;
