-- größer
insert into things values (12, 'zwölf');
select 'é',
       nichts from things;
