create table workshop.repairs (
    id integer generated always as identity primary key,
    bike bigint not null references fleet.bikes,
    during tstzrange not null default tstzrange(now(), null),
    words text,
    constraint repairs_of_a_bike_do_not_overlap exclude using gist (
        int8range(bike, bike, '[]') with &&, during with &&
    )
);
create table workshop.repair_parts (
    repair integer references workshop.repairs on delete cascade,
    part text references workshop.parts on update cascade,
    pieces smallint not null default 1 check (pieces > 0),
    primary key (repair, part)
);
