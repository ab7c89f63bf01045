create table left_over (id int);
insert into nöwhere values ('ß');
