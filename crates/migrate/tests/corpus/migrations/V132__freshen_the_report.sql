create procedure report.freshen() language plpgsql as $procedure$
begin
    refresh materialized view concurrently report.rides_a_day;
end
$procedure$;
call report.freshen();
