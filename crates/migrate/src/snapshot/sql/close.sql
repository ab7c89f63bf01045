)
select object.kind::text, object.name::text, object.of::text, attribute.key::text, attribute.value::text, object.is_optional
  from object
  left join pg_description as d on d.objoid = object.id and d.classoid = object.class and d.objsubid = object.part
  left join needed on needed.objid = object.id and needed.classid = object.class
  left join lateral (
      select jsonb_object_agg('privileges of ' || case coalesce(g.grantee, s.grantee)
                                  when 0 then 'PUBLIC'
                                  when object.owner then 'the owner'
                                  else quote_ident(pg_get_userbyid(coalesce(g.grantee, s.grantee))) end,
                              coalesce(g.list, 'none')) as list
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
       where object.acl is not null and g.list is distinct from s.list
  ) as privileges on true
  left join lateral jsonb_each_text(
      case when d.description is null and needed.extensions is null then object.attributes
           else object.attributes || jsonb_build_object('comment', d.description, 'depends on extension', needed.extensions) end
      || coalesce(privileges.list, '{}')) as attribute on attribute.value is not null
 where attribute.key is not null or not object.is_optional
