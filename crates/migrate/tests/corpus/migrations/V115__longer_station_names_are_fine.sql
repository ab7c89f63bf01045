alter table fleet.stations add constraint stations_name_check check (length(name) between 3 and 80) not valid;
alter table fleet.stations validate constraint stations_name_check;
