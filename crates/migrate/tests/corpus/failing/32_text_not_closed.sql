select 'größe';
insert into things values (9, 'neun);
