create table left_over (id int);
create index concurrently left_over_id on left_over (id);
