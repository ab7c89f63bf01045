create table fleet.stations (
    id integer generated always as identity (start with 10 increment by 10) primary key,
    name text not null,
    place fleet.place,
    docks smallint not null default 12 check (docks > 0),
    opened date not null default date '2019-04-01',
    constraint stations_name_key unique (name)
);
comment on table fleet.stations is 'where bikes are taken and brought back';
comment on column fleet.stations.docks is 'how many bikes find a place';
insert into fleet.stations (name, place, docks) values
    ('Bahnhof', (48.140232, 11.558335), 40),
    ('Alte Brücke', (48.131400, 11.586200), 12),
    ('Markt; Nordseite', null, 8);
