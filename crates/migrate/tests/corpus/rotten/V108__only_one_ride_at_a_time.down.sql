drop index rides.rides_one_on_a_bike;
