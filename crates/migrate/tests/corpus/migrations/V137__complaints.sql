create schema support;
create table support.complaints (
    id bigint generated always as identity primary key,
    rider uuid references riders.riders on delete set null,
    ride bigint references rides.rides on delete set null,
    written timestamptz not null default now(),
    words text not null,
    closed timestamptz,
    tags text[] not null default '{}'
);
comment on column support.complaints.words is $$what they said; "as they said it"; it's theirs$$;
