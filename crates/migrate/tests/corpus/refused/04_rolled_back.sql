create table left_over (id int);
/* never mind */ rollback and no chain;
