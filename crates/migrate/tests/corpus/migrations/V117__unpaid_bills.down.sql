drop view billing.unpaid;
drop index billing.bills_unpaid;
