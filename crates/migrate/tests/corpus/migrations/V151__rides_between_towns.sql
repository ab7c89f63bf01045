alter table rides.rides add column town text constraint rides_town_fkey references partners.towns on update cascade;
alter table rides.rides add constraint rides_town_is_spelled check (town = upper(town)) no inherit;
