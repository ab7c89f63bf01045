create function fleet.touch() returns trigger language plpgsql as $touch$
begin
    -- A row that is written as it was keeps its date.
    if new is distinct from old then
        new.touched := clock_timestamp();
    end if;
    return new;
end;
$touch$;
alter table fleet.bikes add column touched timestamptz;
create trigger bikes_touch before update on fleet.bikes for each row execute function fleet.touch();
