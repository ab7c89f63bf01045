alter table rides.rides add column day date;
update rides.rides set day = (started at time zone 'Europe/Berlin')::date;
alter table rides.rides alter column day set not null;
create index rides_day on rides.rides (day);
