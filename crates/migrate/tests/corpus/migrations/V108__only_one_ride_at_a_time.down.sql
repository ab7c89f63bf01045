drop index rides.rides_one_on_a_bike;
drop index rides.rides_one_at_a_time;
