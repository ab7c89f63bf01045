-- from PostgreSQL 18
create table rides.bookings (
    station int4range, during tstzrange, rider uuid,
    number int generated always as (1 + lower(station)) virtual,
    constraint bookings_key primary key (station, during without overlaps)
);
alter table rides.bookings add constraint bookings_rider_there not null rider not valid;
alter table rides.bookings add constraint bookings_rider_fkey foreign key (rider) references riders.riders not enforced;
