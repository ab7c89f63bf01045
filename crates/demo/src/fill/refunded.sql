-- Who cancelled and had paid gets it back, and so does one in a hundred others.
update payments p set status = 'refunded'
from orders o
where o.id = p.order_id and p.id between $1::bigint and $2::bigint
  and p.status = 'captured' and (o.status = 'cancelled' or pg_temp.roll(p.id, 46, 100) = 0)
