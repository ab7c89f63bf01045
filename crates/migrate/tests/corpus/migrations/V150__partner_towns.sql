create schema partners;
create table partners.towns (
    code text primary key,
    name text not null,
    since date not null,
    "größte Strecke" numeric,
    "Quoted ""Name""" text default E'a\tb;\\c'
);
insert into partners.towns values ('ULM', 'Ulm', '2020-02-01', 12.5), ('FÜ', 'Fürth', '2020-03-01', null);
