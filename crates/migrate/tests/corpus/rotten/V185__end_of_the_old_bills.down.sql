alter table billing.bills_before_2019 rename column picture to scan;
alter table billing.bills_before_2019 drop column flags, drop column hash;
alter table billing.bills_before_2019 add column flags bit varying(8) default b'101', add column hash bit(32);
alter table billing.bills_before_2019 rename constraint number_is_there to old_number;
alter table billing.bills_before_2019 rename to old_bills;
