drop table rides.bookings;
