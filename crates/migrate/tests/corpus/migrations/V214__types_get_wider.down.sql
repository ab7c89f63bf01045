drop index billing.vouchers_lower;
alter table billing.vouchers alter column cents type integer;
create index vouchers_lower on billing.vouchers (lower(code), (cents / 100));
alter table rides.ratings drop constraint ratings_have_one_to_five_stars;
alter table rides.ratings alter column stars type smallint using stars::smallint;
alter table rides.ratings add constraint ratings_have_one_to_five_stars check (stars between 1 and 5);
alter table billing.bill_lines alter column words type text, alter column cents type integer;
