create type fleet.bike_state as enum ('ordered', 'parked', 'ridden', 'in repair');
create domain fleet.frame_number as text
    collate "C"
    not null
    constraint frame_number_is_spelled check (value ~ '^[A-Z]{2}-[0-9]{4,6}$');
create type fleet.place as (latitude numeric(8, 6), longitude numeric(9, 6));
comment on type fleet.place is 'WGS 84, in degrees';
