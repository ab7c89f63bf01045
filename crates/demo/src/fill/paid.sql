-- Orders of $1 to $2 that went on were paid.
update orders set status = 'paid'
where id between $1::bigint and $2::bigint and status = 'placed' and pg_temp.final_status(id) <> 'placed'
