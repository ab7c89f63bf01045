create schema workshop;
create table workshop.parts (
    number text primary key,
    title text not null,
    fits text[] not null default '{}',
    facts jsonb not null default '{}' check (jsonb_typeof(facts) = 'object'),
    price money
);
create index parts_facts on workshop.parts using gin (facts jsonb_path_ops);
create index parts_fits on workshop.parts using gin (fits);
insert into workshop.parts values
    ('SP-26', 'Speiche 26"', '{city,cargo}', '{"length": 260, "steel": true}', null),
    ('BR-01', 'Bremsbelag', '{city}', '{"pairs": 2}', null);
