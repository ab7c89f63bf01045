create table rides.ratings (
    ride bigint primary key references rides.rides on delete cascade,
    stars smallint not null,
    words text not null default '',
    constraint ratings_have_one_to_five_stars check (stars between 1 and 5)
);
create aggregate rides.best(integer) (sfunc = int4larger, stype = integer);
insert into rides.ratings select id, 1 + id % 5 from rides.rides where id % 3 = 0;
