-- To inherit again would leave the columns its own besides, so the table is made anew.
drop table fleet.cargo_bikes;
create table fleet.cargo_bikes (
    load_kg smallint not null default 80,
    has_box boolean not null default true,
    constraint cargo_bikes_carry_something check (load_kg > 0)
) inherits (fleet.bikes);
alter table fleet.cargo_bikes add primary key (id);
