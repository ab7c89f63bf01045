create table billing.vouchers (
    code text primary key check (code = upper(code)),
    cents integer not null default 500,
    valid daterange not null,
    used_by uuid references riders.riders,
    used_at timestamptz,
    constraint vouchers_are_used_by_someone check ((used_by is null) = (used_at is null))
);
create index vouchers_lower on billing.vouchers (lower(code), (cents / 100));
