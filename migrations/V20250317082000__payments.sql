-- What was paid, and how. An order may be paid in several parts, and a payment may fail.

create type payment_method as enum ('card', 'transfer', 'wallet', 'invoice');
create type payment_status as enum ('pending', 'captured', 'failed', 'refunded');

create table payments (
    id          bigint generated always as identity primary key,
    order_id    bigint not null references orders (id),
    method      payment_method not null,
    status      payment_status not null default 'pending',
    amount      numeric(12, 2) not null check (amount > 0),
    reference   text not null unique,
    response    json,
    created_at  timestamptz not null default now(),
    captured_at timestamptz,
    constraint payments_captured_has_time check ((captured_at is not null) = (status in ('captured', 'refunded')))
);

comment on table payments is 'One row an attempt to pay.';
comment on column payments.reference is 'The provider''s own name of the payment, so that a message that comes twice is booked once.';
comment on column payments.response is 'What the provider answered, byte for byte; therefore json and not jsonb.';

-- What has to be asked about again. Payments are pending for minutes.
create index payments_pending_idx on payments (created_at) where status = 'pending';
