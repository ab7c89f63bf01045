create table fleet.sightings (
    bike bigint not null references fleet.bikes,
    at timestamptz not null,
    place fleet.place not null,
    words text collate "C",
    reported_by inet,
    phone macaddr
);
create index sightings_at on fleet.sightings using brin (at) with (pages_per_range = 32);
create index sightings_from on fleet.sightings using hash (reported_by);
create index sightings_net on fleet.sightings using spgist (reported_by);
