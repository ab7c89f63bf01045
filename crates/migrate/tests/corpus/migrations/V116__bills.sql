create table billing.bills (
    number bigint primary key default nextval('billing.invoice_numbers'),
    rider uuid not null references billing.accounts,
    written date not null default current_date,
    cents bigint not null,
    paid_on date,
    check (paid_on >= written)
) with (fillfactor = 90);
alter sequence billing.invoice_numbers owned by billing.bills.number;
create table billing.bill_lines (
    bill bigint not null references billing.bills on delete cascade,
    line smallint not null,
    ride bigint references rides.rides,
    words text not null,
    cents integer not null,
    primary key (bill, line)
);
