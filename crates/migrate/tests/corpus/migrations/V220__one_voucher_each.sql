-- from PostgreSQL 15
alter table billing.vouchers add constraint vouchers_one_each unique nulls not distinct (used_by, code);
create view report.own_bills with (security_invoker = true) as select number, cents from billing.bills;
create publication open_bills for table billing.bills (number, rider, written, cents) where (number > 0) with (publish = 'insert');
create publication all_of_partners for tables in schema partners;
