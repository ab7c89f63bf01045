create table left_over (id int);
commit;
create table more (id int);
