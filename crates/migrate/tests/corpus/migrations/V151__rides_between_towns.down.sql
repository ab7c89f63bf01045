alter table rides.rides drop column town;
