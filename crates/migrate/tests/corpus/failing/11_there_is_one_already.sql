insert into things values (4, 'vier');
/* größer; */ insert into things values (1, 'doppelt');
