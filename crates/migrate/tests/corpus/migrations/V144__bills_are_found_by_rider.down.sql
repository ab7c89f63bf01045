-- pgkeel: transaction=off
alter table billing.bills replica identity default;
drop index concurrently if exists billing.bills_rider_number;
