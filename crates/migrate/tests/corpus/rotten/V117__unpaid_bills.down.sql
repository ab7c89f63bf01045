drop index billing.bills_unpaid;
drop view if exists billing.unpayed;
