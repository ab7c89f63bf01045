drop index billing.vouchers_lower;
alter table billing.vouchers alter column cents type integer;
create index vouchers_lower on billing.vouchers (lower(code), (cents / 100));
alter table rides.ratings alter column stars type smallint using stars::smallint;
alter table billing.bill_lines alter column words type text, alter column cents type integer;
