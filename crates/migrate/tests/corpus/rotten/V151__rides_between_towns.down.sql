alter table rides.rides drop column town, drop column to_station cascade;
alter table rides.rides add column to_station integer references fleet.stations match full;
