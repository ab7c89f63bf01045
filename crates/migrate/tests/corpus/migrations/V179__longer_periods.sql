create function billing.minutes_between(int4, int4) returns float8 language sql immutable strict as 'select ($1 - $2)::float8';
create type billing.span as range (subtype = int4, subtype_diff = billing.minutes_between);
