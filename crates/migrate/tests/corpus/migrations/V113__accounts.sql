create table billing.accounts (
    rider uuid primary key references riders.riders on delete cascade,
    tariff varchar(12) not null default 'none' references billing.tariffs on update cascade,
    balance_cents bigint not null default 0,
    opened timestamptz not null default current_timestamp
);
insert into billing.accounts (rider, opened) select id, joined from riders.riders;
