create table workshop.mechanics (
    short char(3) primary key,
    name text not null,
    works_on text[] not null default array['city']
);
alter table workshop.repairs add column mechanic char(3) constraint repairs_mechanic_fkey references workshop.mechanics;
