-- pgkeel: transaction=off
drop index concurrently rides.rides_town;
alter table rides.rides drop constraint rides_town_there;
