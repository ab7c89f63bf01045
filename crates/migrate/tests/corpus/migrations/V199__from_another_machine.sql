insert into odd.seen values (199, 'one line');
insert into odd.seen values (199, length('two
lines')::text);
create function odd.from_there() returns text language plpgsql as $$
begin
    return 'there'; -- as it was written
end $$;
