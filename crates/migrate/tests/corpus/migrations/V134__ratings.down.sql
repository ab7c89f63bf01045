drop aggregate rides.best(integer);
drop table rides.ratings;
