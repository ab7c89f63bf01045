-- What parents or partitions' roots say of them goes without saying, unless it has an index.
select 'constraint', quote_ident(k.conname), c.name, 'pg_constraint'::regclass, k.oid, 0, 0, null, null,
       not k.conislocal and k.contype not in ('p', 'u', 'x'),
       array[
           'definition', case when k.conislocal or k.contype in ('p', 'u', 'x') then definition.plain end,
           'deferrable', case when k.condeferred then 'initially deferred' when k.condeferrable then 'initially immediate' end,
           'validated', case when not k.convalidated then 'false' end, -- until 17
           'validated', case when not k.convalidated and k.conenforced then 'false' end, -- from 18
           'enforced', case when not k.conenforced then 'false' end, -- from 18
           'triggers', (select string_agg(distinct case tgenabled when 'D' then 'disabled' when 'R' then 'replica' else 'always' end, ', ')
                          from pg_trigger where tgconstraint = k.oid and tgisinternal and tgenabled <> 'O' and k.contype = 'f')]
  from relation as c
  join pg_constraint as k on k.conrelid = c.oid
  cross join lateral (
      select case when k.condeferrable or not k.convalidated
                  then regexp_replace(pg_get_constraintdef(k.oid), '( DEFERRABLE)?( INITIALLY DEFERRED)?( NOT ENFORCED)?( NOT VALID)?$', '')
                  else pg_get_constraintdef(k.oid) end as plain
  ) as definition
 where k.contype in ('c', 'p', 'u', 'x', 'f') and not (k.contype = 'f' and k.conparentid <> 0)
union all
select 'constraint', quote_ident(k.conname), s.name || '.' || quote_ident(t.typname), 'pg_constraint'::regclass, k.oid, 0,
       0, null, null, false,
       array['definition', regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', ''),
             'validated', case when not k.convalidated then 'false' end]
  from space as s
  join pg_type as t on t.typnamespace = s.oid
  join pg_constraint as k on k.contypid = t.oid
 where k.contype = 'c'
   and not exists (select from member where classid = 'pg_type'::regclass and objid = t.oid)
union all
-- The index of a constraint is part of it.
select case when k.oid is null then 'index' else 'constraint' end,
       case when k.oid is null then x.name else quote_ident(k.conname) end, c.name,
       'pg_class'::regclass, case when k.oid is null then x.oid end, 0, 0, null, null, k.oid is not null,
       array[
           'definition', case when k.oid is null then pg_get_indexdef(x.oid) end,
           'valid', case when not i.indisready or not i.indislive then 'false, not ready' when not i.indisvalid then 'false' end,
           'attached to', (select quote_ident(n.nspname) || '.' || quote_ident(p.relname)
                             from pg_inherits as h join pg_class as p on p.oid = h.inhparent join pg_namespace as n on n.oid = p.relnamespace
                            where h.inhrelid = x.oid),
           'tablespace', case when x.reltablespace <> 0 then (select quote_ident(spcname) from pg_tablespace where oid = x.reltablespace) end,
           'statistics targets', (select string_agg(a.attnum || ': ' || a.attstattarget, ', ' order by a.attnum)
                                    from pg_attribute as a where a.attrelid = x.oid and a.attstattarget >= 0),
           'index comment', case when k.oid is not null then (select description from pg_description
                                                        where objoid = x.oid and classoid = 'pg_class'::regclass and objsubid = 0) end]
       || case when k.oid is not null and x.reloptions is not null then
              array(select unnest(array['option ' || split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)])
                 from unnest(x.reloptions) as o) end
  from relation as c
  join pg_index as i on i.indrelid = c.oid
  join relation as x on x.oid = i.indexrelid
  left join pg_constraint as k on k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x')
 where c.relkind in ('r', 'p', 'm', 'f')
union all
select 'statistics', s.name || '.' || quote_ident(e.stxname), c.name, 'pg_statistic_ext'::regclass, e.oid, 0,
       e.stxowner, null, null, false,
       array['definition', pg_get_statisticsobjdef(e.oid),
                          'statistics target', nullif(e.stxstattarget, -1)::text, -- from 13
                          'owner', pg_get_userbyid(e.stxowner)::text]
  from space as s
  join pg_statistic_ext as e on e.stxnamespace = s.oid
  left join relation as c on c.oid = e.stxrelid
 where not exists (select from member where classid = 'pg_statistic_ext'::regclass and objid = e.oid)
