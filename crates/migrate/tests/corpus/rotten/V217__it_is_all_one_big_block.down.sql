alter table billing.bills drop column imported_at;
alter table rides.rides drop column imported_at;
