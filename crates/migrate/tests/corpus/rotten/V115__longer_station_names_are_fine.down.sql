alter table fleet.stations rename constraint stations_name_check to stations_name_check_old;
