-- The lines of orders $1 to $2.
insert into order_lines (order_id, line, sku, title, options, quantity, unit_price, discount)
select n,
       line,
       nouns[1 + a % 12][2] || '-' || lpad(a::text, 4, '0'),
       adjectives[1 + a / 12 % 20] || ' ' || nouns[1 + a % 12][1],
       array_remove(array[
           'colour: ' || pg_temp.one_of(key, 31, '{blue,green,red,grey,white,black}'),
           case when a % 3 = 0 then 'size: ' || pg_temp.one_of(key, 32, '{S,M,M,L,L,XL}') end,
           case when pg_temp.roll(key, 33, 12) = 0 then 'gift wrap' end
       ], null),
       1 + floor(4 * power(pg_temp.share(key, 34), 3))::int,
       round((3.5 + 0.5 * (a * 37 % 190))::numeric, 2) - 0.05,
       case pg_temp.roll(key, 35, 20) when 0 then 0.2 when 1 then 0.1 when 2 then 0.05 else 0 end
from generate_series($1::bigint, $2::bigint) as n
cross join generate_series(1, 6) as line
cross join lateral (values (n * 8 + line, pg_temp.article(n * 8 + line))) as drawn (key, a)
cross join (values (
    array[['mug', 'MUG'], ['teapot', 'TEA'], ['lamp', 'LMP'], ['blanket', 'BLK'], ['notebook', 'NTB'], ['backpack', 'BPK'],
          ['scarf', 'SCF'], ['candle', 'CDL'], ['clock', 'CLK'], ['basket', 'BSK'], ['vase', 'VAS'], ['poster', 'PST']],
    array['small', 'large', 'plain', 'striped', 'round', 'square', 'wooden', 'glass', 'linen', 'woollen', 'copper', 'paper',
          'folding', 'hanging', 'double', 'travel', 'classic', 'modern', 'winter', 'summer']
)) as words (nouns, adjectives)
where line <= pg_temp.line_count(n)
order by n, line
