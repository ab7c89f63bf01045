create function fleet.place_of(text) returns fleet.place language sql immutable strict as $$
    select row(split_part($1, ' ', 1)::numeric, split_part($1, ' ', 2)::numeric)::fleet.place
$$;
create cast (text as fleet.place) with function fleet.place_of(text) as assignment;
comment on cast (text as fleet.place) is '48.14 11.55';
