-- pgkeel: destructive=accepted
alter table billing.bill_lines alter column cents type bigint, alter column words type varchar(400);
alter table rides.ratings drop constraint ratings_have_one_to_five_stars;
alter table rides.ratings alter column stars type numeric(3, 1) using stars * 1.0;
alter table rides.ratings add constraint ratings_have_one_to_five_stars check (stars between 1 and 5);
drop index billing.vouchers_lower;
alter table billing.vouchers alter column cents type bigint;
create index vouchers_lower on billing.vouchers (lower(code), (cents / 100));
