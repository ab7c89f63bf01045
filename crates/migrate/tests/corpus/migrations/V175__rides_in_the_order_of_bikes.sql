create index rides_bike on rides.rides (bike, started);
cluster rides.rides using rides_bike;
