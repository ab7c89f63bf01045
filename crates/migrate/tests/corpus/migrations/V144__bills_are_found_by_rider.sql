-- pgkeel: transaction=off statement_timeout=30min retries=3
create unique index concurrently if not exists bills_rider_number on billing.bills (rider, number);
alter table billing.bills replica identity using index bills_rider_number;
