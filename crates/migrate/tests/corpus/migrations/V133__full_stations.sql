create or replace view report.full_stations as
    with parked as (
        select station, count(*) as bikes from fleet.bikes where state = 'parked' group by station
    )
    select s.id, s.name, p.bikes, s.docks, p.bikes >= s.docks as is_full
      from fleet.stations as s left join parked as p on p.station = s.id;
