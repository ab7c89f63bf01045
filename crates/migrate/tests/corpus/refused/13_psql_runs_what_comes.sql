select 'create table ' || name from (values ('a')) as v(name) \gexec
