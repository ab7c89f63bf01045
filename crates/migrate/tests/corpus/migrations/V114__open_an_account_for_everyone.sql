create function billing.open_account() returns trigger
    language plpgsql security definer set search_path = pg_catalog, billing, pg_temp
as $$
begin
    insert into billing.accounts (rider) values (new.id) on conflict (rider) do nothing;
    return null;
end
$$;
revoke execute on function billing.open_account() from public;
create trigger riders_open_account after insert on riders.riders
    for each row execute function billing.open_account();
