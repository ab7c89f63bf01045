-- Of the customers $1 to $2 who never ordered, some asked to be forgotten.
delete from customers c
where id between $1::bigint and $2::bigint and pg_temp.roll(id, 52, 10) = 0
  and not exists (select from orders where customer_id = c.id)
