drop table fleet.cargo_bikes;
