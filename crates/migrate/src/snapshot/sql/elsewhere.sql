select 'foreign-data wrapper', quote_ident(w.fdwname), '', 'pg_foreign_data_wrapper'::regclass, w.oid, 0,
       w.fdwowner, w.fdwacl, 'F'::"char", false,
       array['handler', case when w.fdwhandler <> 0 then w.fdwhandler::regprocedure::text end,
                          'validator', case when w.fdwvalidator <> 0 then w.fdwvalidator::regprocedure::text end,
                          'owner', pg_get_userbyid(w.fdwowner)::text]
       || array(select unnest(array['option ' || quote_ident(option_name),
                                            case when option_name = any (plain.names) then option_value else '(not shown)' end])
                      from pg_options_to_table(w.fdwoptions) cross join plain)
  from pg_foreign_data_wrapper as w cross join whole
 where is_wanted and not exists (select from member where classid = 'pg_foreign_data_wrapper'::regclass and objid = w.oid)
union all
select 'server', quote_ident(v.srvname), '', 'pg_foreign_server'::regclass, v.oid, 0, v.srvowner, v.srvacl, 'S'::"char", false,
       array['wrapper', (select quote_ident(fdwname) from pg_foreign_data_wrapper where oid = v.srvfdw),
                          'type', v.srvtype, 'version', v.srvversion, 'owner', pg_get_userbyid(v.srvowner)::text]
       || array(select unnest(array['option ' || quote_ident(option_name),
                                            case when option_name = any (plain.names) then option_value else '(not shown)' end])
                      from pg_options_to_table(v.srvoptions) cross join plain)
  from pg_foreign_server as v cross join whole
 where is_wanted and not exists (select from member where classid = 'pg_foreign_server'::regclass and objid = v.oid)
union all
-- Who may see the options of a mapping depends on who asks, so they are left out.
select 'user mapping', case u.umuser when 0 then 'PUBLIC' else quote_ident(u.usename) end, quote_ident(u.srvname),
       0, 0, 0, 0, null, null, false, '{}'
  from pg_user_mappings as u cross join whole
 where is_wanted
union all
select 'publication', quote_ident(p.pubname), '', 'pg_publication'::regclass, p.oid, 0, 0, null, null, false,
       array[
           'all tables', nullif(p.puballtables, false)::text,
           'publishes', concat_ws(', ', case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
                                  case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end),
           'via the root of partitions', nullif(p.pubviaroot, false)::text, -- from 13
           'generated columns', case p.pubgencols when 's' then 'stored' end, -- from 18
           'owner', pg_get_userbyid(p.pubowner)::text]
  from pg_publication as p cross join whole
 where is_wanted and not exists (select from member where classid = 'pg_publication'::regclass and objid = p.oid)
union all
select 'publication table', quote_ident(n.nspname) || '.' || quote_ident(c.relname), quote_ident(p.pubname),
       0, 0, 0, 0, null, null, false,
       array[
           'where', pg_get_expr(r.prqual, r.prrelid), -- from 15
           'columns', (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) -- from 15
                         from pg_attribute as a where a.attrelid = r.prrelid and a.attnum = any (r.prattrs)), -- from 15
           'all', null]
  from pg_publication_rel as r
  join pg_publication as p on p.oid = r.prpubid
  join pg_class as c on c.oid = r.prrelid
  join pg_namespace as n on n.oid = c.relnamespace
  cross join whole
 where is_wanted
union all -- from 15
select 'publication schema', quote_ident(n.nspname), quote_ident(p.pubname), 0, 0, 0, 0, null, null, false, '{}' -- from 15
  from pg_publication_namespace as r -- from 15
  join pg_publication as p on p.oid = r.pnpubid -- from 15
  join pg_namespace as n on n.oid = r.pnnspid -- from 15
  cross join whole -- from 15
 where is_wanted -- from 15
union all
-- Never its connection string, which holds a password. Only these columns are for everybody to read.
select 'subscription', quote_ident(b.subname), '', 0, 0, 0, 0, null, null, false, -- until 13
select 'subscription', quote_ident(b.subname), '', 'pg_subscription'::regclass, b.oid, 0, 0, null, null, false, -- from 14
       array[
           'publications', (select string_agg(quote_ident(name), ', ' order by name collate "C") from unnest(b.subpublications) as name),
           'enabled', b.subenabled::text, 'slot', quote_ident(b.subslotname),
           'synchronous commit', b.subsynccommit, -- from 14
           'binary', nullif(b.subbinary, false)::text, -- from 14
           'streaming', nullif(b.substream, false)::text, -- from 14 until 15
           'streaming', case b.substream when 't' then 'on' when 'p' then 'parallel' end, -- from 16
           'two phases', case when b.subtwophasestate <> 'd' then 'on' end, -- from 15
           'disabled by errors', nullif(b.subdisableonerr, false)::text, -- from 15
           'password required', case when not b.subpasswordrequired then 'false' end, -- from 16
           'runs as owner', nullif(b.subrunasowner, false)::text, -- from 16
           'origin', nullif(b.suborigin, 'any'), -- from 16
           'failover', nullif(b.subfailover, false)::text, -- from 17
           'owner', pg_get_userbyid(b.subowner)::text]
  from pg_subscription as b cross join whole
 where is_wanted and b.subdbid = (select oid from pg_database where datname = current_database())
