-- pgkeel: transaction=off
set lock_timeout = '3s';
alter table rides.rides add constraint rides_town_there check (town is not null or id > 0) not valid;
alter table rides.rides validate constraint rides_town_there;
create index concurrently rides_town on rides.rides (town) where town is not null;
reset lock_timeout;
