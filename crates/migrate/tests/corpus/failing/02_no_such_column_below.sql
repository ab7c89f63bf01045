-- Übersicht der Dinge
insert into things values (2, 'zwei');

select name,
       größe
  from things;
