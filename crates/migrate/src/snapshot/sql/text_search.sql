select 'text search configuration', s.name || '.' || quote_ident(c.cfgname), '', 'pg_ts_config'::regclass, c.oid, 0,
       c.cfgowner, null, null, false,
       array['parser', (select quote_ident(n.nspname) || '.' || quote_ident(p.prsname)
                                       from pg_ts_parser as p join pg_namespace as n on n.oid = p.prsnamespace where p.oid = c.cfgparser),
                          'owner', pg_get_userbyid(c.cfgowner)::text]
       || array(select unnest(array['mapping ' || t.alias, t.dictionaries])
                      from (select k.alias, string_agg(m.mapdict::regdictionary::text, ', ' order by m.mapseqno) as dictionaries
                              from pg_ts_config_map as m join ts_token_type(c.cfgparser) as k on k.tokid = m.maptokentype
                             where m.mapcfg = c.oid group by k.alias) as t)
  from space as s
  join pg_ts_config as c on c.cfgnamespace = s.oid
 where not exists (select from member where classid = 'pg_ts_config'::regclass and objid = c.oid)
union all
select 'text search dictionary', s.name || '.' || quote_ident(d.dictname), '', 'pg_ts_dict'::regclass, d.oid, 0,
       d.dictowner, null, null, false,
       array['template', (select quote_ident(n.nspname) || '.' || quote_ident(t.tmplname)
                                         from pg_ts_template as t join pg_namespace as n on n.oid = t.tmplnamespace where t.oid = d.dicttemplate),
                          'options', d.dictinitoption, 'owner', pg_get_userbyid(d.dictowner)::text]
  from space as s
  join pg_ts_dict as d on d.dictnamespace = s.oid
 where not exists (select from member where classid = 'pg_ts_dict'::regclass and objid = d.oid)
union all
select 'text search parser', s.name || '.' || quote_ident(p.prsname), '', 'pg_ts_parser'::regclass, p.oid, 0, 0, null, null, false,
       array['start', p.prsstart::regprocedure::text, 'token', p.prstoken::regprocedure::text,
                          'end', p.prsend::regprocedure::text, 'types', p.prslextype::regprocedure::text,
                          'headline', case when p.prsheadline <> 0 then p.prsheadline::regprocedure::text end]
  from space as s
  join pg_ts_parser as p on p.prsnamespace = s.oid
 where not exists (select from member where classid = 'pg_ts_parser'::regclass and objid = p.oid)
union all
select 'text search template', s.name || '.' || quote_ident(t.tmplname), '', 'pg_ts_template'::regclass, t.oid, 0, 0, null, null, false,
       array['init', case when t.tmplinit <> 0 then t.tmplinit::regprocedure::text end, 'lexize', t.tmpllexize::regprocedure::text]
  from space as s
  join pg_ts_template as t on t.tmplnamespace = s.oid
 where not exists (select from member where classid = 'pg_ts_template'::regclass and objid = t.oid)
