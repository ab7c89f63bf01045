select 'schema', s.name, '', 'pg_namespace'::regclass, s.oid, 0, s.nspowner, s.nspacl, 'n'::"char", false,
       array['owner', pg_get_userbyid(s.nspowner)::text]
  from space as s
 where not exists (select from member where classid = 'pg_namespace'::regclass and objid = s.oid)
union all
select 'extension', quote_ident(e.extname), '', 'pg_extension'::regclass, e.oid, 0, 0, null, null, false,
       array['version', e.extversion,
                          'schema', (select quote_ident(nspname) from pg_namespace where oid = e.extnamespace),
                          'owner', pg_get_userbyid(e.extowner)::text]
  from pg_extension as e cross join whole
 where is_wanted
union all
select 'default privileges',
       'of ' || quote_ident(pg_get_userbyid(a.defaclrole)) || coalesce(' in ' || quote_ident(n.nspname), '') || ' on '
       || case a.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
                               when 'T' then 'types' when 'n' then 'schemas' else 'large objects' end,
       '', 0, 0, 0, a.defaclrole, a.defaclacl,
       case when a.defaclnamespace = 0 then case a.defaclobjtype when 'S' then 's' else a.defaclobjtype end end::"char",
       true, '{}'
  from pg_default_acl as a
  left join pg_namespace as n on n.oid = a.defaclnamespace
 where case when a.defaclnamespace = 0 then (select is_wanted from whole)
            else a.defaclnamespace in (select oid from space) end
