create statistics rides.rides_from_to (dependencies, ndistinct) on from_station, to_station from rides.rides;
alter table rides.rides alter column started set statistics 500;
alter table rides.rides alter column from_station set (n_distinct = 400);
