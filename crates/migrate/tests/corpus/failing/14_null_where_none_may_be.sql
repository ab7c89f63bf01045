insert into things values (null, 'кто');
