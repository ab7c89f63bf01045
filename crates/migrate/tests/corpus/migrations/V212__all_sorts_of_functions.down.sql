drop procedure report.both(int, text);
drop function report.is_even(int);
drop aggregate report.total(bigint);
drop aggregate report.top(float8 order by anyelement);
drop aggregate report.first(anyelement);
drop function report.first_state(anyelement, anyelement);
drop function report.split(text);
drop function report.pair(anyelement);
drop function report.spread(numeric[]);
