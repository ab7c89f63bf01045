alter table rides.rides set without cluster;
drop index rides.rides_bike;
