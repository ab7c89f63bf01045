-- Payments for orders $1 to $2, of what their lines cost: one in 25 is tried twice, and who cancels has not always paid.
insert into payments (order_id, method, status, amount, reference, response, created_at, captured_at)
select n,
       method::payment_method,
       outcome::payment_status,
       total,
       'PAY-' || upper(lpad(to_hex(n * 8 + attempt), 8, '0')),
       case when outcome <> 'pending' then json_build_object(
           'provider', case method when 'card' then 'cardhouse' when 'wallet' then 'pocket' else 'bank' end,
           'code', case outcome when 'failed' then pg_temp.one_of(n, 43, '{declined,expired,no funds}') else 'ok' end,
           'risk', pg_temp.roll(n, 44, 100)
       ) end,
       placed_at,
       case when outcome = 'captured' then least(now(), placed_at + case method
           when 'invoice' then interval '20 days' * pg_temp.share(n, 45)
           when 'transfer' then interval '3 days' * pg_temp.share(n, 45)
           else interval '1 minute' * pg_temp.share(n, 45)
       end) end
from (
    select o.id as n, o.placed_at, sum(l.amount) as total,
           pg_temp.final_status(o.id) as final,
           pg_temp.one_of(o.id, 40, '{card,card,card,card,wallet,wallet,wallet,transfer,invoice,invoice}') as method,
           case when pg_temp.roll(o.id, 41, 25) = 0 then 2 else 1 end as attempts
    from orders o join order_lines l on l.order_id = o.id
    where o.id between $1::bigint and $2::bigint
    group by o.id
) as due
cross join generate_series(1, 2) as attempt
cross join lateral (values (case
    when attempt < attempts then 'failed'
    when final = 'placed' then 'pending'
    when final <> 'cancelled' then 'captured'
    else (array['failed', 'captured'])[1 + pg_temp.roll(n, 42, 4)]
end)) as what (outcome)
where final <> 'draft' and attempt <= attempts and outcome is not null
order by n, attempt
