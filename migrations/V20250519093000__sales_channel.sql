-- Expand: orders now also come by telephone and from the shops. Programs that do not know the column yet write 'web'.
-- A column with a constant default costs no rewrite of the table.

create type sales_channel as enum ('web', 'phone', 'store');

alter table orders add column channel sales_channel not null default 'web';

comment on column orders.channel is 'Where the order came from.';

-- Every order with its customer, what it costs and what is still to be paid.
create view order_overview as
select o.id,
       o.number,
       o.status,
       o.channel,
       o.placed_at,
       c.id as customer_id,
       c.full_name as customer,
       o.currency,
       l.lines,
       l.total,
       p.paid,
       l.total - p.paid as open_amount
from orders o
join customers c on c.id = o.customer_id
cross join lateral (
    select count(*) as lines, coalesce(sum(amount), 0)::numeric(12, 2) as total
    from order_lines where order_id = o.id
) l
cross join lateral (
    select coalesce(sum(amount), 0)::numeric(12, 2) as paid
    from payments where order_id = o.id and status = 'captured'
) p;

comment on view order_overview is 'For the back office. Reads the lines and payments of each order, so ask for few orders at a time.';
