alter table rides.rides alter column from_station reset (n_distinct);
alter table rides.rides alter column started set statistics -1;
drop statistics rides.rides_from_to;
