create table left_over (id int, note text);
copy left_over (id, note) from stdin;
1	one; two
\.
