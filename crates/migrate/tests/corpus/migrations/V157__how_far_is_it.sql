create function fleet.metres(fleet.place, fleet.place) returns double precision
    language sql immutable strict parallel safe
    as $$
    select 111195 * sqrt((($1).latitude - ($2).latitude)::float8 ^ 2
        + ((($1).longitude - ($2).longitude)::float8 * cosd(($1).latitude::float8)) ^ 2)
    $$;
create operator fleet.<-> (leftarg = fleet.place, rightarg = fleet.place, function = fleet.metres, commutator = operator(fleet.<->));
comment on operator fleet.<-> (fleet.place, fleet.place) is 'metres, near enough within a town';
