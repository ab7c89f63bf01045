select case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end,
       s.name || '.' || quote_ident(p.proname) || '(' || oidvectortypes(p.proargtypes) || ')', '',
       'pg_proc'::regclass, p.oid, 0, p.proowner, p.proacl, 'f'::"char", false,
       array[
           'arguments', pg_get_function_arguments(p.oid),
           'returns', pg_get_function_result(p.oid),
           'parallel', case p.proparallel when 's' then 'safe' when 'r' then 'restricted' end,
           'owner', pg_get_userbyid(p.proowner)::text]
       || case when p.prokind <> 'a' then array[
           'language', (select quote_ident(lanname) from pg_language where oid = p.prolang),
           'window', case when p.prokind = 'w' then 'true' end,
           'volatility', case p.provolatile when 'i' then 'immutable' when 's' then 'stable' end,
           'security', case when p.prosecdef then 'definer' end,
           'leakproof', nullif(p.proleakproof, false)::text,
           'strict', nullif(p.proisstrict, false)::text,
           'cost', case when p.procost <> case when p.prolang in (select oid from pg_language where lanname in ('c', 'internal')) then 1 else 100 end
                        then p.procost::text::numeric::text end,
           'rows', case when p.proretset and p.prorows <> 1000 then p.prorows::text::numeric::text end,
           'support', case when p.prosupport <> 0 then p.prosupport::regprocedure::text end,
           'transforms', case when p.protrftypes is not null then
               (select string_agg(format_type(t, null), ', ' order by n) from unnest(p.protrftypes) with ordinality as t (t, n)) end,
           'library', p.probin,
           'body', coalesce(pg_get_function_sqlbody(p.oid), p.prosrc)] -- from 14
           'body', p.prosrc) -- until 13
       || case when p.proconfig is not null then
              array(select unnest(array['setting ' || split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)])
                 from unnest(p.proconfig) as o) end
       else (select array[
           'kind', case g.aggkind when 'o' then 'ordered-set' when 'h' then 'hypothetical-set' end,
           'direct arguments', nullif(g.aggnumdirectargs, 0)::text,
           'step', g.aggtransfn::regprocedure::text,
           'state', format_type(g.aggtranstype, null),
           'state size', nullif(g.aggtransspace, 0)::text,
           'initial state', g.agginitval,
           'final', case when g.aggfinalfn <> 0 then g.aggfinalfn::regprocedure::text end,
           'final with extra arguments', nullif(g.aggfinalextra, false)::text,
           'final modifies', g.aggfinalmodify::text,
           'combine', case when g.aggcombinefn <> 0 then g.aggcombinefn::regprocedure::text end,
           'serialize', case when g.aggserialfn <> 0 then g.aggserialfn::regprocedure::text end,
           'deserialize', case when g.aggdeserialfn <> 0 then g.aggdeserialfn::regprocedure::text end,
           'moving step', case when g.aggmtransfn <> 0 then g.aggmtransfn::regprocedure::text end,
           'moving inverse', case when g.aggminvtransfn <> 0 then g.aggminvtransfn::regprocedure::text end,
           'moving state', case when g.aggmtranstype <> 0 then format_type(g.aggmtranstype, null) end,
           'moving state size', nullif(g.aggmtransspace, 0)::text,
           'moving initial state', g.aggminitval,
           'moving final', case when g.aggmfinalfn <> 0 then g.aggmfinalfn::regprocedure::text end,
           'moving final with extra arguments', nullif(g.aggmfinalextra, false)::text,
           'moving final modifies', g.aggmfinalmodify::text,
           'sort operator', case when g.aggsortop <> 0 then g.aggsortop::regoperator::text end]
         from pg_aggregate as g where g.aggfnoid = p.oid) end
  from space as s
  join pg_proc as p on p.pronamespace = s.oid
 where not exists (select from member where classid = 'pg_proc'::regclass and objid = p.oid)
   -- made by a range type
   and not exists (select from pg_depend as d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i')
