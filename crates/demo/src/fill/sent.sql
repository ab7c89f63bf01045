-- Orders of $1 to $2 that were paid in the last months went on to where they are now.
update orders set status = pg_temp.final_status(id)::order_status
where id between $1::bigint and $2::bigint and status = 'paid' and pg_temp.final_status(id) <> 'paid'
