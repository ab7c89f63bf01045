drop trigger payments_audit on payments;
drop trigger orders_audit on orders;
drop trigger customers_audit on customers;
drop function audit_row();
drop table audit_log;
