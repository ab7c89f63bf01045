-- Nothing here has to outlive a crash.
create unlogged table riders.app_sessions (
    token bytea primary key check (octet_length(token) = 32),
    rider uuid not null references riders.riders on delete cascade,
    seen timestamptz not null default now(),
    agent varchar(200)
);
create index app_sessions_rider on riders.app_sessions (rider, seen desc);
