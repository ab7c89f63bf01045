create table left_over (id int); start /* ; */ transaction isolation level serializable; end;
