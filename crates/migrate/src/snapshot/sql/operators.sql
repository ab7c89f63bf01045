select 'operator', s.name || '.' || o.oprname || ' (' || case when o.oprleft = 0 then 'none' else format_type(o.oprleft, null) end
                   || ', ' || case when o.oprright = 0 then 'none' else format_type(o.oprright, null) end || ')',
       '', 'pg_operator'::regclass, o.oid, 0, o.oprowner, null, null, false,
       array[
           'function', case when o.oprcode <> 0 then o.oprcode::regprocedure::text end,
           'commutator', case when o.oprcom <> 0 then o.oprcom::regoperator::text end,
           'negator', case when o.oprnegate <> 0 then o.oprnegate::regoperator::text end,
           'restriction', case when o.oprrest <> 0 then o.oprrest::regprocedure::text end,
           'join', case when o.oprjoin <> 0 then o.oprjoin::regprocedure::text end,
           'hashes', nullif(o.oprcanhash, false)::text, 'merges', nullif(o.oprcanmerge, false)::text,
           'owner', pg_get_userbyid(o.oprowner)::text]
  from space as s
  join pg_operator as o on o.oprnamespace = s.oid
 where not exists (select from member where classid = 'pg_operator'::regclass and objid = o.oid)
union all
select 'operator family', s.name || '.' || quote_ident(f.opfname) || ' using ' || quote_ident(m.amname), '',
       'pg_opfamily'::regclass, f.oid, 0, f.opfowner, null, null, false,
       array['owner', pg_get_userbyid(f.opfowner)::text]
       || array(select unnest(array['operator ' || a.amopstrategy || ' (' || format_type(a.amoplefttype, null) || ', '
                                            || format_type(a.amoprighttype, null) || ')',
                                            a.amopopr::regoperator::text || case when a.amoppurpose = 'o' then ' for order by '
                                            || (select quote_ident(n.nspname) || '.' || quote_ident(g.opfname) from pg_opfamily as g
                                                  join pg_namespace as n on n.oid = g.opfnamespace where g.oid = a.amopsortfamily)
                                            else '' end])
                      from pg_amop as a where a.amopfamily = f.oid)
       || array(select unnest(array['function ' || a.amprocnum || ' (' || format_type(a.amproclefttype, null) || ', '
                                            || format_type(a.amprocrighttype, null) || ')', a.amproc::regprocedure::text])
                      from pg_amproc as a where a.amprocfamily = f.oid)
  from space as s
  join pg_opfamily as f on f.opfnamespace = s.oid
  join pg_am as m on m.oid = f.opfmethod
 where not exists (select from member where classid = 'pg_opfamily'::regclass and objid = f.oid)
union all
select 'operator class', s.name || '.' || quote_ident(o.opcname) || ' using ' || quote_ident(m.amname), '',
       'pg_opclass'::regclass, o.oid, 0, o.opcowner, null, null, false,
       array[
           'type', format_type(o.opcintype, null), 'default', nullif(o.opcdefault, false)::text,
           'storage', case when o.opckeytype <> 0 then format_type(o.opckeytype, null) end,
           'family', (select quote_ident(n.nspname) || '.' || quote_ident(f.opfname)
                        from pg_opfamily as f join pg_namespace as n on n.oid = f.opfnamespace where f.oid = o.opcfamily),
           'owner', pg_get_userbyid(o.opcowner)::text]
  from space as s
  join pg_opclass as o on o.opcnamespace = s.oid
  join pg_am as m on m.oid = o.opcmethod
 where not exists (select from member where classid = 'pg_opclass'::regclass and objid = o.oid)
union all
-- The server's own have numbers below 16384 (FirstNormalObjectId in its access/transam.h).
select 'cast', '(' || format_type(c.castsource, null) || ' as ' || format_type(c.casttarget, null) || ')', '',
       'pg_cast'::regclass, c.oid, 0, 0, null, null, false,
       array[
           'function', case when c.castfunc <> 0 then c.castfunc::regprocedure::text end,
           'context', case c.castcontext when 'i' then 'implicit' when 'a' then 'assignment' else 'explicit' end,
           'method', case c.castmethod when 'f' then 'function' when 'i' then 'inout' else 'binary' end]
  from pg_cast as c cross join whole
 where is_wanted and c.oid >= 16384
   and not exists (select from member where classid = 'pg_cast'::regclass and objid = c.oid)
   -- made by a range type
   and not exists (select from pg_depend as d where d.classid = 'pg_cast'::regclass and d.objid = c.oid and d.deptype = 'i')
union all
select 'transform', 'for ' || format_type(t.trftype, null) || ' in ' || quote_ident(l.lanname), '',
       'pg_transform'::regclass, t.oid, 0, 0, null, null, false,
       array['from sql', case when t.trffromsql <> 0 then t.trffromsql::regprocedure::text end,
                          'to sql', case when t.trftosql <> 0 then t.trftosql::regprocedure::text end]
  from pg_transform as t join pg_language as l on l.oid = t.trflang cross join whole
 where is_wanted and not exists (select from member where classid = 'pg_transform'::regclass and objid = t.oid)
union all
select 'language', quote_ident(l.lanname), '', 'pg_language'::regclass, l.oid, 0, l.lanowner, l.lanacl, 'l'::"char", false,
       array[
           'trusted', l.lanpltrusted::text, 'handler', case when l.lanplcallfoid <> 0 then l.lanplcallfoid::regprocedure::text end,
           'inline', case when l.laninline <> 0 then l.laninline::regprocedure::text end,
           'validator', case when l.lanvalidator <> 0 then l.lanvalidator::regprocedure::text end,
           'owner', pg_get_userbyid(l.lanowner)::text]
  from pg_language as l cross join whole
 where is_wanted and l.oid >= 16384
   and not exists (select from member where classid = 'pg_language'::regclass and objid = l.oid)
union all
select 'access method', quote_ident(m.amname), '', 'pg_am'::regclass, m.oid, 0, 0, null, null, false,
       array['handler', m.amhandler::regprocedure::text, 'kind', case m.amtype when 't' then 'table' else 'index' end]
  from pg_am as m cross join whole
 where is_wanted and m.oid >= 16384
   and not exists (select from member where classid = 'pg_am'::regclass and objid = m.oid)
