select case t.typtype when 'e' then 'enum' when 'd' then 'domain' when 'r' then 'range' when 'c' then 'composite type' else 'type' end,
       s.name || '.' || quote_ident(t.typname), '', 'pg_type'::regclass, t.oid, 0, t.typowner, t.typacl, 'T'::"char", false,
       array['owner', pg_get_userbyid(t.typowner)::text]
       || case t.typtype
          when 'e' then array['labels',
               (select string_agg(quote_literal(enumlabel), ', ' order by enumsortorder) from pg_enum where enumtypid = t.oid)]
          when 'd' then array[
               'base', format_type(t.typbasetype, t.typtypmod),
               'not null', nullif(t.typnotnull, false)::text,
               'default', pg_get_expr(t.typdefaultbin, 0), -- its text is as the path was when it was written
               'collation', (select quote_ident(n.nspname) || '.' || quote_ident(l.collname)
                               from pg_type as b, pg_collation as l join pg_namespace as n on n.oid = l.collnamespace
                              where b.oid = t.typbasetype and l.oid = t.typcollation and l.oid <> b.typcollation)]
          when 'r' then (select array[
               'subtype', format_type(r.rngsubtype, null),
               'operator class', (select quote_ident(n.nspname) || '.' || quote_ident(o.opcname)
                                    from pg_opclass as o join pg_namespace as n on n.oid = o.opcnamespace where o.oid = r.rngsubopc),
               'collation', (select quote_ident(n.nspname) || '.' || quote_ident(l.collname)
                               from pg_collation as l join pg_namespace as n on n.oid = l.collnamespace where l.oid = r.rngcollation),
               'multirange', format_type(r.rngmultitypid, null), -- from 14
               'canonical', case when r.rngcanonical <> 0 then r.rngcanonical::regprocedure::text end,
               'difference', case when r.rngsubdiff <> 0 then r.rngsubdiff::regprocedure::text end]
             from pg_range as r where r.rngtypid = t.oid)
          when 'c' then array['attribute order',
               (select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
                 where attrelid = t.typrelid and attnum > 0 and not attisdropped)]
          else array[
               'defined', case when not t.typisdefined then 'false' end,
               'length', t.typlen::text, 'by value', t.typbyval::text, 'alignment', t.typalign::text,
               'storage', t.typstorage::text, 'category', t.typcategory::text,
               'preferred', nullif(t.typispreferred, false)::text, 'delimiter', t.typdelim::text,
               'element', case when t.typelem <> 0 then format_type(t.typelem, null) end, 'default', t.typdefault,
               'collatable', case when t.typcollation <> 0 then 'true' end,
               'input', case when t.typinput <> 0 then t.typinput::regprocedure::text end,
               'output', case when t.typoutput <> 0 then t.typoutput::regprocedure::text end,
               'receive', case when t.typreceive <> 0 then t.typreceive::regprocedure::text end,
               'send', case when t.typsend <> 0 then t.typsend::regprocedure::text end,
               'modifier input', case when t.typmodin <> 0 then t.typmodin::regprocedure::text end,
               'modifier output', case when t.typmodout <> 0 then t.typmodout::regprocedure::text end,
               'subscript', case when t.typsubscript <> 0 then t.typsubscript::regprocedure::text end, -- from 14
               'analyze', case when t.typanalyze <> 0 then t.typanalyze::regprocedure::text end]
          end
  from space as s
  join pg_type as t on t.typnamespace = s.oid
 where t.typtype <> 'm'
   and (t.typrelid = 0 or exists (select from pg_class as c where c.oid = t.typrelid and c.relkind = 'c'))
   and not exists (select from pg_type as e where e.typarray = t.oid)
   and not exists (select from member where classid = 'pg_type'::regclass and objid = t.oid)
union all
select 'collation', s.name || '.' || quote_ident(l.collname), '', 'pg_collation'::regclass, l.oid, 0, l.collowner, null, null, false,
       array[
           'provider', case l.collprovider when 'c' then 'libc' when 'i' then 'icu' when 'b' then 'builtin' else 'default' end,
           'collate', l.collcollate::text, 'ctype', l.collctype::text,
           'locale', l.colliculocale, -- from 15 until 16
           'locale', l.colllocale, -- from 17
           'rules', l.collicurules, -- from 16
           'deterministic', case when not l.collisdeterministic then 'false' end,
           'owner', pg_get_userbyid(l.collowner)::text]
  from space as s
  join pg_collation as l on l.collnamespace = s.oid
 where not exists (select from member where classid = 'pg_collation'::regclass and objid = l.oid)
union all
select 'conversion', s.name || '.' || quote_ident(c.conname), '', 'pg_conversion'::regclass, c.oid, 0, c.conowner, null, null, false,
       array['from', pg_encoding_to_char(c.conforencoding)::text, 'to', pg_encoding_to_char(c.contoencoding)::text,
                          'function', c.conproc::regprocedure::text, 'default', nullif(c.condefault, false)::text,
                          'owner', pg_get_userbyid(c.conowner)::text]
  from space as s
  join pg_conversion as c on c.connamespace = s.oid
 where not exists (select from member where classid = 'pg_conversion'::regclass and objid = c.oid)
