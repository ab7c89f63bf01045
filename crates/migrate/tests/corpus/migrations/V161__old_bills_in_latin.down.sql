drop table billing.old_bills;
drop conversion billing.to_latin;
