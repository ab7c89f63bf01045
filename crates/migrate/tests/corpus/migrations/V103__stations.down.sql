drop table fleet.stations;
