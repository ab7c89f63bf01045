drop table billing.bill_lines;
alter sequence billing.invoice_numbers owned by none;
drop table billing.bills;
