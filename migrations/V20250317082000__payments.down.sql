drop table payments;
drop type payment_status;
drop type payment_method;
