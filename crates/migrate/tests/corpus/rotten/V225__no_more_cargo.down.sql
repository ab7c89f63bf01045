alter table fleet.cargo_bikes inherit fleet.bikes;
