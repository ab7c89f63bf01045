drop table billing.vouchers;
