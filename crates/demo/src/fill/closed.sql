-- Some customers of $1 to $2 closed their accounts after their last order, and some changed what they had chosen.
update customers c set
    closed_at = case when leaves then least(now(), last_seen + interval '30 days' * pg_temp.share(c.id, 51)) end,
    preferences = case when leaves then preferences - 'contact' else preferences || '{"theme": "dark"}' end
from (
    select id, pg_temp.roll(id, 50, 100) < 3 as leaves,
           coalesce((select max(created_at) + interval '1 hour' from orders where customer_id = customers.id), created_at) as last_seen
    from customers
    where id between $1::bigint and $2::bigint and pg_temp.roll(id, 50, 100) < 10
) as them
where c.id = them.id
