create unique index rides_one_at_a_time on rides.rides (rider) where ended is null;
create unique index rides_one_on_a_bike on rides.rides (bike) where ended is null;
comment on index rides.rides_one_on_a_bike is 'there is one saddle';
