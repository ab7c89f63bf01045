create function workshop.cost(repair integer, hourly numeric default 48.00) returns numeric
    language plpgsql stable
    set lc_monetary = 'C'
as $cost$
declare
    hours numeric;
    total numeric := 0;
begin
    select extract(epoch from upper(during) - lower(during))::numeric / 3600 into hours
      from workshop.repairs where id = cost.repair;
    total := coalesce(hours, 0) * hourly;
    return round(total, 2); -- in euros; parts are counted elsewhere
end;
$cost$;
comment on function workshop.cost(integer, numeric) is 'hours times rate; an open repair costs nothing yet';
