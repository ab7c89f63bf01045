select 'ß' from things where name = 7;
