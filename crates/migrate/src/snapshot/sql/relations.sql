select case c.relkind when 'f' then 'foreign table' when 'v' then 'view' when 'm' then 'materialized view' else 'table' end,
       c.name, '', 'pg_class'::regclass, c.oid, 0, c.relowner, c.relacl, 'r'::"char", false,
       array[
           'persistence', case c.relpersistence when 'u' then 'unlogged' end,
           'definition', case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
           'populated', case when c.relkind = 'm' then c.relispopulated::text end,
           'access method', (select quote_ident(amname) from pg_am where oid = c.relam and amname <> 'heap'),
           'tablespace', case when c.reltablespace <> 0 then (select quote_ident(spcname) from pg_tablespace where oid = c.reltablespace) end,
           'of type', case when c.reloftype <> 0 then format_type(c.reloftype, null) end,
           'partitioned by', case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
           'partition of', case when c.relispartition then parents.names || ' ' || pg_get_expr(c.relpartbound, c.oid) end,
           'inherits', case when not c.relispartition then parents.names end,
           'row security', case when c.relrowsecurity then 'enabled' end,
           'row security of the owner', case when c.relforcerowsecurity then 'forced' end,
           'replica identity', case c.relreplident when 'f' then 'full'
               when 'n' then case when c.relkind in ('r', 'p') then 'nothing' end
               when 'i' then 'index ' || coalesce((select quote_ident(r.relname) from pg_index as i join pg_class as r on r.oid = i.indexrelid
                                                    where i.indrelid = c.oid and i.indisreplident), 'that is gone') end,
           'clustered on', (select quote_ident(r.relname) from pg_index as i join pg_class as r on r.oid = i.indexrelid
                             where i.indrelid = c.oid and i.indisclustered),
           'server', (select quote_ident(srvname) from pg_foreign_table as f join pg_foreign_server as v on v.oid = f.ftserver
                       where f.ftrelid = c.oid),
           'column order', case when c.relkind in ('r', 'p', 'f') then
               (select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
                 where attrelid = c.oid and attnum > 0 and not attisdropped) end,
           'owner', pg_get_userbyid(c.relowner)::text]
       || case when c.reloptions is not null then
              array(select unnest(array['option ' || split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)])
                 from unnest(c.reloptions) as o) end
       || case when c.reltoastrelid <> 0 then
              array(select unnest(array['option toast.' || split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)])
                 from pg_class as t cross join unnest(t.reloptions) as o where t.oid = c.reltoastrelid) end
       || case when c.relkind = 'f' then
              array(select unnest(array['option ' || quote_ident(option_name),
                                       case when option_name = any (plain.names) then option_value else '(not shown)' end])
                 from pg_foreign_table as f cross join pg_options_to_table(f.ftoptions) cross join plain
                where f.ftrelid = c.oid) end
  from relation as c
  left join lateral (
      select string_agg((select quote_ident(n.nspname) from pg_namespace as n where n.oid = p.relnamespace)
                        || '.' || quote_ident(p.relname)
                        || case when h.inhdetachpending then ' (being detached)' else '' end -- from 14
                        , ', ' order by h.inhseqno) as names
        from pg_inherits as h join pg_class as p on p.oid = h.inhparent
       where h.inhrelid = c.oid
  ) as parents on true
 where c.relkind in ('r', 'p', 'f', 'v', 'm')
union all
select 'sequence', c.name, '', 'pg_class'::regclass, c.oid, 0, c.relowner, c.relacl, 's'::"char",
       coalesce(owner.is_identity, false),
       case when owner.is_identity then '{}' else array[
           'type', format_type(q.seqtypid, null), 'start', q.seqstart::text, 'increment', q.seqincrement::text,
           'minimum', q.seqmin::text, 'maximum', q.seqmax::text, 'cache', q.seqcache::text,
           'cycle', nullif(q.seqcycle, false)::text, 'owned by', owner.name,
           'persistence', case c.relpersistence when 'u' then 'unlogged' end, 'owner', pg_get_userbyid(c.relowner)::text] end
  from relation as c
  join pg_sequence as q on q.seqrelid = c.oid
  left join lateral (
      select d.deptype = 'i' as is_identity,
             (select quote_ident(n.nspname) from pg_namespace as n where n.oid = t.relnamespace)
             || '.' || quote_ident(t.relname) || '.' || quote_ident(a.attname) as name
        from pg_depend as d
        join pg_class as t on t.oid = d.refobjid
        join pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
       where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
         and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
      offset 0 -- found by its index for each sequence, as else all of pg_depend is read
  ) as owner on true
