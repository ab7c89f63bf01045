alter table fleet.stations drop column counted;
