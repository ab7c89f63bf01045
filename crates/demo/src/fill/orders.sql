-- Orders $1 to $2, by customers who were there at the time; early customers have had more time to order again.
-- Of the last fifth those that went on are inserted as placed: the history follows.
insert into orders (number, customer_id, status, currency, shipping, note, created_at, placed_at, channel)
select to_char(begun, 'YYYY') || '-' || lpad(n::text, 6, '0'),
       c.id,
       (case
           when n > pg_temp.orders() * 0.8 and final not in ('draft', 'cancelled') then 'placed'
           else final
       end)::order_status,
       case c.country when 'GB' then 'GBP' when 'CH' then 'CHF' when 'US' then 'USD' when 'SE' then 'SEK'
           when 'NO' then 'NOK' when 'DK' then 'DKK' when 'PL' then 'PLN' when 'CZ' then 'CZK' else 'EUR' end,
       jsonb_build_object(
           'name', c.full_name,
           'street', pg_temp.one_of(c.id, 12, '{Market Street,Station Road,Mill Lane,Church Street,Harbour Road,School Lane,Park Avenue,Garden Walk}')
               || ' ' || 1 + pg_temp.roll(c.id, 13, 140),
           'postcode', lpad((10000 + pg_temp.roll(c.id, 14, 89999))::text, 5, '0'),
           'city', pg_temp.one_of(c.id, 15, '{Northfield,Eastbridge,Southport,Westhaven,Oldtown,Newmarket,Riverside,Hillcrest,Lakeview,Seaford}'),
           'country', c.country
       ),
       case pg_temp.roll(n, 16, 60)
           when 0 then 'Please ring twice.'
           when 1 then 'A present: no bill in the parcel.'
           when 2 then 'Leave it with the neighbours.'
       end,
       begun,
       case when final <> 'draft' then least(now(), begun + interval '40 minutes' * pg_temp.share(n, 17)) end,
       pg_temp.one_of(n, 18, '{web,web,web,web,web,web,web,web,phone,store}')::sales_channel
from generate_series($1::bigint, $2::bigint) as n
cross join lateral (values (
    now() - interval '1 day' * pg_temp.days_ago(n),
    pg_temp.final_status(n),
    greatest(1, floor(pg_temp.customers() * (1 - pg_temp.days_ago(n) / 900)))
)) as facts (begun, final, customers_then)
join customers c on c.id = 1 + floor(customers_then * power(pg_temp.share(n, 19), 1.5))::bigint
order by n
