drop view order_overview;
alter table orders drop column channel;
drop type sales_channel;
