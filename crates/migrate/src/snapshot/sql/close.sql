)
select object.kind::text, object.name::text, object.of::text, object.is_optional,
       object.attributes
       || case when d.description is not null then array['comment', d.description] end
       || case when needed.extensions is not null then array['depends on extension', needed.extensions] end
       || case when object.acl is not null then array(
              select unnest(array['privileges of ' || case coalesce(g.grantee, s.grantee)
                                      when 0 then 'PUBLIC'
                                      when object.owner then 'the owner'
                                      else quote_ident(pg_get_userbyid(coalesce(g.grantee, s.grantee))) end,
                                  coalesce(g.list, 'none')])
                from (select grantee,
                             string_agg(privilege_type || case when is_grantable then ' WITH GRANT OPTION' else '' end
                                        || case when grantor <> object.owner
                                                then ' BY ' || quote_ident(pg_get_userbyid(grantor)) else '' end,
                                        ', ' order by privilege_type collate "C", grantor = object.owner desc,
                                                      pg_get_userbyid(grantor)::text collate "C") as list
                        from aclexplode(object.acl) group by grantee) as g
                full join (select grantee, string_agg(privilege_type, ', ' order by privilege_type collate "C") as list
                             from aclexplode(acldefault(object.acl_kind, object.owner)) group by grantee) as s
                  on s.grantee = g.grantee
               where g.list is distinct from s.list) end
  from object
  left join described as d on d.objoid = object.id and d.classoid = object.class and d.objsubid = object.part
  left join needed on needed.objid = object.id and needed.classid = object.class
