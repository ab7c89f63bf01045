-- Customers $1 to $2. The higher the number, the later they came; the first came 900 days ago.
insert into customers (email, full_name, country, tags, preferences, created_at)
select translate(lower(first_name || '.' || last_name), 'äöüáéèíóñçåø', 'aouaeeioncao') || n
           || pg_temp.one_of(n, 3, '{@mail.example,@mail.example,@post.example,@office.example}'),
       first_name || ' ' || last_name,
       pg_temp.one_of(n, 4, '{DE,DE,DE,DE,DE,DE,AT,AT,CH,FR,FR,FR,NL,NL,BE,IT,IT,ES,ES,PT,GB,GB,IE,DK,SE,NO,FI,PL,CZ,US}'),
       array_remove(array[
           case when pg_temp.roll(n, 5, 100) < 6 then 'vip' end,
           case when pg_temp.roll(n, 6, 100) < 40 then 'newsletter' end,
           case when pg_temp.roll(n, 7, 100) < 9 then 'business' end,
           case when pg_temp.roll(n, 8, 100) < 4 then 'returns-often' end
       ], null),
       jsonb_build_object(
           'language', pg_temp.one_of(n, 9, '{de,de,de,fr,en,en,it,es,nl}'),
           'contact', pg_temp.one_of(n, 10, '{email,email,email,phone,post}'),
           'theme', pg_temp.one_of(n, 11, '{light,light,dark}')
       ),
       now() - interval '900 days' * ((pg_temp.customers() + 0.5 - n) / pg_temp.customers())
from generate_series($1::bigint, $2::bigint) as n
cross join lateral (values (
    pg_temp.one_of(n, 1, '{Anna,Ben,Carla,David,Elena,Félix,Greta,Hugo,Inés,Jonas,Karin,Lars,Marie,Nils,Olga,Paul,Rosa,Søren,Tomás,Ursula,Viktor,Wanda,Yusuf,Zoé}'),
    pg_temp.one_of(n, 2, '{Adler,Bakker,Costa,Dubois,Eriksen,Fischer,García,Hansen,Ivanova,Jansen,Krüger,Laurent,Møller,Novák,Oliveira,Peters,Quinn,Rossi,Schäfer,Taylor,Urban,Vogel,Weber,Young,Zimmer}')
)) as names (first_name, last_name)
order by n
