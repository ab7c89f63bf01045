-- Who buys. One row a person; two people never share an e-mail address, however they write it.

create table customers (
    id          bigint generated always as identity primary key,
    email       text not null check (email like '_%@_%' and length(email) <= 254),
    full_name   text not null check (full_name <> ''),
    country     char(2) not null check (country = upper(country)),
    tags        text[] not null default '{}',
    preferences jsonb not null default '{}' check (jsonb_typeof(preferences) = 'object'),
    created_at  timestamptz not null default now(),
    closed_at   timestamptz check (closed_at >= created_at)
);

comment on table customers is 'People who have bought or may buy something.';
comment on column customers.country is 'ISO 3166-1 alpha-2, in capitals.';
comment on column customers.tags is 'Free words for groups of customers, such as {vip, newsletter}.';
comment on column customers.preferences is 'What the customer chose in the shop: language, contact, theme.';
comment on column customers.closed_at is 'When the account was closed. Its orders stay.';

-- The index that sign-in uses: where lower(email) = lower($1).
create unique index customers_email_key on customers (lower(email));
