drop table billing.old_bills;
drop conversion if exists billing.latin;
