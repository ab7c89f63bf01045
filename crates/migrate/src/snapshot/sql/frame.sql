-- The one statement. Every branch of `object` gives objects in the same columns; comments and privileges are added to all
-- of them alike. What is said of an object is one array of names and values in turn; the value of what has its default is null.
--
-- Lines that end in `-- from N` or `-- until N` are for servers of these major versions alone.
-- What few objects have is looked for only where it may be: a subquery takes its time for each object.
-- Every name is cast to text: beside one of type "name" a text would be cut off at 63 bytes without a word.
with
-- What an extension brought along is its own to change.
member as materialized (
    select classid, objid from pg_depend where deptype = 'e' and refclassid = 'pg_extension'::regclass
),
-- What goes when an extension goes.
needed as materialized (
    select d.classid, d.objid, string_agg(quote_ident(e.extname), ', ' order by e.extname::text collate "C") as extensions
      from pg_depend as d join pg_extension as e on e.oid = d.refobjid
     where d.deptype = 'x' and d.refclassid = 'pg_extension'::regclass
     group by d.classid, d.objid
),
space as materialized (
    select oid, nspname, nspowner, nspacl, quote_ident(nspname)::text as name
      from pg_namespace
     where nspname <> all ('{pg_catalog,information_schema,pg_toast,pgkeel}')
       and nspname !~ '^pg_(toast_)?temp_'
       and ($1::text[] is null or nspname::text = any ($1))
),
-- Whether objects that are in no schema are wanted.
whole as materialized (select $1::text[] is null as is_wanted),
relation as materialized (
    select c.*, (s.name || '.' || quote_ident(c.relname))::text as name
      from pg_class as c join space as s on s.oid = c.relnamespace
     where not exists (select from member where classid = 'pg_class'::regclass and objid = c.oid)
),
-- Sequences of identities, which are in the schema of their table.
counter as materialized (
    select d.refobjid as of, d.refobjsubid as part,
           c.name || ' as ' || format_type(q.seqtypid, null) || ' start ' || q.seqstart || ' increment ' || q.seqincrement
               || ' minimum ' || q.seqmin || ' maximum ' || q.seqmax || ' cache ' || q.seqcache
               || case when q.seqcycle then ' cycle' else '' end
               || case c.relpersistence when 'u' then ' unlogged' else '' end as definition
      from relation as c
      join pg_sequence as q on q.seqrelid = c.oid
      join lateral (
          select refobjid, refobjsubid from pg_depend
           where classid = 'pg_class'::regclass and objid = c.oid and refclassid = 'pg_class'::regclass and deptype = 'i'
          offset 0 -- found by its index for each sequence, as else all of pg_depend is read
      ) as d on true
),
-- Options of foreign data whose values are no secrets. All others are told by their names alone.
plain as materialized (
    select '{schema_name,table_name,column_name,host,hostaddr,port,dbname,use_remote_estimate,fdw_startup_cost,fdw_tuple_cost,fetch_size,batch_size,extensions,updatable,truncatable,async_capable,keep_connections,parallel_commit,parallel_abort,analyze_sampling,import_default,import_collate,import_generated,import_not_null,format,header,delimiter,encoding,force_not_null,force_null,key,sslmode}'::text[] as names
),
-- Of most of what the server brings along itself (numbers below FirstNormalObjectId of its access/transam.h) there is nothing to tell.
described as (
    select * from pg_description
     where objoid >= 16384 or classoid in ('pg_namespace'::regclass, 'pg_extension'::regclass)
),
object (kind, name, of, class, id, part, owner, acl, acl_kind, is_optional, attributes) as (
