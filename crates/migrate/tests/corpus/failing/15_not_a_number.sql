-- ü
insert into things values ('zwölf', 'zwölf');
