-- needs its transaction: the table is gone at its end.
create temporary table scratch on commit drop as select station, count(*) as bikes from fleet.bikes group by station;
update fleet.stations as s set docks = greatest(docks, bikes) from scratch where scratch.station = s.id;
set local search_path = fleet, pg_catalog;
alter table stations add column counted boolean not null default true;
