create table fleet.bikes (
    id bigserial primary key,
    frame fleet.frame_number,
    state fleet.bike_state not null default 'ordered',
    station integer references fleet.stations on update cascade on delete set null,
    bought date,
    unique (frame)
);
create index bikes_station on fleet.bikes (station) where station is not null;
insert into fleet.bikes (frame, state, station, bought)
    select 'AB-' || 1000 + n, 'parked', 10 * (1 + n % 3), date '2019-03-01' + n from generate_series(1, 60) as n;
