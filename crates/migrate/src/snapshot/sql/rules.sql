select 'rule', quote_ident(r.rulename), c.name, 'pg_rewrite'::regclass, r.oid, 0, 0, null, null, false,
       array['definition', pg_get_ruledef(r.oid),
                          'enabled', case r.ev_enabled when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always' end]
  from relation as c
  join pg_rewrite as r on r.ev_class = c.oid and r.rulename <> '_RETURN'
union all
-- Those that a partition has from its root are told only if they are enabled in another way.
select 'trigger', quote_ident(t.tgname), c.name, 'pg_trigger'::regclass, t.oid, 0, 0, null, null,
       false, -- until 12
       t.tgparentid <> 0, -- from 13
       array[
           'definition', pg_get_triggerdef(t.oid, false), -- until 12
           'definition', case when t.tgparentid = 0 then pg_get_triggerdef(t.oid, false) end, -- from 13
           'enabled', case
               when t.tgenabled = (select p.tgenabled from pg_trigger as p where p.oid = t.tgparentid) then null -- from 13
               when t.tgparentid <> 0 and t.tgenabled = 'O' then 'origin' -- from 13
               when t.tgenabled = 'D' then 'disabled' when t.tgenabled = 'R' then 'replica' when t.tgenabled = 'A' then 'always' end]
  from relation as c
  join pg_trigger as t on t.tgrelid = c.oid and (not t.tgisinternal
       or t.tgparentid <> 0 and not exists (select from pg_constraint as k where k.oid = t.tgconstraint and k.contype <> 't') -- from 13
       )
union all
select 'policy', quote_ident(p.polname), c.name, 'pg_policy'::regclass, p.oid, 0, 0, null, null, false,
       array[
           'command', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
           'kind', case when not p.polpermissive then 'restrictive' end,
           'roles', (select string_agg(name, ', ' order by name collate "C")
                       from (select case role when 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(role)) end as name
                               from unnest(p.polroles) as role) as roles),
           'using', pg_get_expr(p.polqual, p.polrelid),
           'with check', pg_get_expr(p.polwithcheck, p.polrelid)]
  from relation as c
  join pg_policy as p on p.polrelid = c.oid
union all
select 'event trigger', quote_ident(e.evtname), '', 'pg_event_trigger'::regclass, e.oid, 0, 0, null, null, false,
       array[
           'event', e.evtevent::text, 'function', e.evtfoid::regprocedure::text,
           'tags', (select string_agg(tag, ', ' order by tag collate "C") from unnest(e.evttags) as tag),
           'enabled', case e.evtenabled when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always' end,
           'owner', pg_get_userbyid(e.evtowner)::text]
  from pg_event_trigger as e cross join whole
 where is_wanted and not exists (select from member where classid = 'pg_event_trigger'::regclass and objid = e.oid)
