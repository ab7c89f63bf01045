insert into things (id, name) values (8, 'acht', 'ñ');
