insert into odd.seen values (203, '\d odd.seen'), (203, $$
\copy odd.seen from 'x'
\.
$$), (203, E'\\gexec'), (203, ':name'), (203, ':''name''');
insert into odd.seen select 203, (array[1, 2, 3])[2:3]::text /* \echo */ where 1 = 1; -- \i nothing.sql
comment on table odd.seen is 'COPY odd.seen FROM stdin;
1	x
\.';
