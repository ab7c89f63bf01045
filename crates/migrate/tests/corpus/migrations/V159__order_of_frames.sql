create function fleet.by_number(text, text) returns integer language sql immutable strict as
    $$ select coalesce(nullif(sign(length($1) - length($2)), 0)::integer, bttextcmp($1, $2)) $$;
create function fleet.lt(text, text) returns boolean language sql immutable strict as $$ select fleet.by_number($1, $2) < 0 $$;
create function fleet.gt(text, text) returns boolean language sql immutable strict as $$ select fleet.by_number($1, $2) > 0 $$;
create operator fleet.<# (leftarg = text, rightarg = text, function = fleet.lt, restrict = scalarltsel, join = scalarltjoinsel);
create operator fleet.># (leftarg = text, rightarg = text, function = fleet.gt, commutator = operator(fleet.<#));
create operator family fleet.frames using btree;
create operator class fleet.frame_ops for type text using btree family fleet.frames as
    operator 1 fleet.<#, operator 2 <=, operator 3 =, operator 4 >=, operator 5 fleet.>#,
    function 1 fleet.by_number(text, text);
