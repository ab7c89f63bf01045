create function report.spread(variadic numeric[]) returns numeric language sql immutable leakproof parallel restricted as 'select max(v) - min(v) from unnest($1) as v';
create function report.pair(out a int, out b text, inout c anyelement) returns record language sql as $$ select 1, 'x;', c $$;
create function report.split(text, out part text) returns setof text language plpgsql rows 7 as $$ begin return query select regexp_split_to_table($1, ';'); end $$;
create function report.first_state(anyelement, anyelement) returns anyelement language sql immutable strict as 'select $1';
create aggregate report.first(anyelement) (sfunc = report.first_state, stype = anyelement, parallel = safe);
create aggregate report.top(float8 order by anyelement) (sfunc = ordered_set_transition, stype = internal, finalfunc = percentile_disc_final, finalfunc_extra);
create aggregate report.total(bigint) (sfunc = int8pl, stype = int8, initcond = '0', msfunc = int8pl, minvfunc = int8mi, mstype = int8, minitcond = '0', combinefunc = int8pl, sortop = >);
create function report.is_even(int) returns bool language sql immutable support generate_series_int8_support as 'select $1 % 2 = 0';
create procedure report.both(a int, inout b text default 'x') language plpgsql security definer set work_mem = '8MB' as $$ begin b := b || a; end $$;
