alter table fleet.stations drop column open_at;
drop type fleet.hours;
