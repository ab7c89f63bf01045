alter table billing.bills_before_2019 rename constraint number_is_there to old_number;
alter table billing.bills_before_2019 rename column picture to scan;
alter table billing.bills_before_2019 rename to old_bills;
