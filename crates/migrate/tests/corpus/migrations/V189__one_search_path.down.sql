drop view rides.seats_taken;
drop table rides.seats;
