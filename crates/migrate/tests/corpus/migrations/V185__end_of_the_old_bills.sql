-- pgkeel: phase=contract
alter table billing.old_bills rename to bills_before_2019;
alter table billing.bills_before_2019 rename column scan to picture;
alter table billing.bills_before_2019 rename constraint old_number to number_is_there;
