alter table fleet.stations drop constraint stations_name_check;
