create schema billing;
create type billing.minutes as range (subtype = int4);
create sequence billing.invoice_numbers as bigint start with 100000 increment by 1 cache 20;
create table billing.tariffs (
    code varchar(12) collate "C" primary key,
    title text not null,
    free billing.minutes not null default '[0,30)',
    cents_a_minute numeric(6, 2) not null check (cents_a_minute >= 0)
);
insert into billing.tariffs values ('city', 'Stadttarif', '[0,30)', 5), ('none', 'ohne Vertrag', '[0,0)', 9.50);
