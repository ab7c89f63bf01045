create table left_over (id int);
prepare transaction 'größer';
