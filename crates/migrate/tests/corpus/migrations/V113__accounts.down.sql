drop table billing.accounts;
