insert into things values (10, E'größe \uZZZZ');
