select case c.relkind when 'c' then 'attribute' else 'column' end,
       quote_ident(a.attname), c.name, 'pg_class'::regclass, c.oid, a.attnum, c.relowner, a.attacl, 'c'::"char",
       c.relkind in ('v', 'm'),
       array[
           'type', case when c.relkind not in ('v', 'm') then format_type(a.atttypid, a.atttypmod) end,
           'collation', case when a.attcollation <> t.typcollation and c.relkind not in ('v', 'm') then
               (select quote_ident(n.nspname) || '.' || quote_ident(l.collname)
                  from pg_collation as l join pg_namespace as n on n.oid = l.collnamespace where l.oid = a.attcollation) end,
           'not null', case when a.attnotnull then 'true' end, -- until 17
           'not null', case when a.attnotnull then concat_ws(', ', 'true', case when not k.convalidated then 'not validated' end, case when k.connoinherit then 'not inherited' end) end, -- from 18
           'not null constraint', case when k.conname <> c.relname || '_' || a.attname || '_not_null' then quote_ident(k.conname) end, -- from 18
           'default', case when a.attgenerated = '' then pg_get_expr(e.adbin, e.adrelid) end,
           'generated', case when a.attgenerated <> '' then
               case a.attgenerated when 's' then 'stored: ' else 'virtual: ' end || pg_get_expr(e.adbin, e.adrelid) end,
           'identity', case when a.attidentity <> '' then concat_ws(': ',
               case a.attidentity when 'a' then 'always' else 'by default' end, counter.definition) end,
           'storage', case when a.attstorage <> t.typstorage and c.relkind <> 'v' then
               case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end end,
           'compression', case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end, -- from 14
           'statistics target', nullif(a.attstattarget, -1)::text,
           'inherited', case when not a.attislocal then 'true' end]
       || case when a.attoptions is not null then
              array(select unnest(array['option ' || split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)])
                 from unnest(a.attoptions) as o) end
       || case when a.attfdwoptions is not null then
              array(select unnest(array['option ' || quote_ident(option_name),
                                       case when option_name = any (plain.names) then option_value else '(not shown)' end])
                 from pg_options_to_table(a.attfdwoptions) cross join plain) end
  from relation as c
  join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join pg_type as t on t.oid = a.atttypid
  left join pg_attrdef as e on e.adrelid = a.attrelid and e.adnum = a.attnum
  left join counter on counter.of = c.oid and counter.part = a.attnum
  left join pg_constraint as k on k.conrelid = a.attrelid and k.contype = 'n' and k.conkey[1] = a.attnum -- from 18
 where c.relkind in ('r', 'p', 'f', 'v', 'm', 'c')
