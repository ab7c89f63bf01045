-- pgkeel: transaction=off
drop index concurrently if exists billing.bills_rider_number;
