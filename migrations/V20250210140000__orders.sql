-- What was ordered, by whom, and how far it has come.

create type order_status as enum ('draft', 'placed', 'paid', 'shipped', 'delivered', 'cancelled');

create table orders (
    id          bigint generated always as identity primary key,
    number      text not null unique check (number ~ '^[0-9]{4}-[0-9]{6,}$'),
    customer_id bigint not null references customers (id),
    status      order_status not null default 'draft',
    currency    char(3) not null default 'EUR' check (currency = upper(currency)),
    shipping    jsonb not null default '{}',
    note        text,
    created_at  timestamptz not null default now(),
    placed_at   timestamptz,
    constraint orders_placed_has_time check (status = 'draft' or placed_at is not null)
);

comment on table orders is 'One row an order. Its lines are in order_lines, what was paid for it in payments.';
comment on column orders.number is 'What the customer is told: year and a running number, such as 2025-000042.';
comment on column orders.currency is 'ISO 4217. All amounts of the order are in it.';
comment on column orders.shipping is 'Where the parcel goes, as it was when the order was placed.';

-- "My orders", newest first.
create index orders_customer_id_placed_at_idx on orders (customer_id, placed_at desc);

-- What the warehouse still has to do. Most orders are done, so this stays small.
create index orders_open_idx on orders (placed_at) where status in ('placed', 'paid');
