insert into things (id, name) values
    (5, 'fünf'),
    (6, '');
