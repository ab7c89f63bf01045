select 'о';
insert into parts values (99, 'нет');
