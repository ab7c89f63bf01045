drop table rides.stops;
drop table rides.legs;
