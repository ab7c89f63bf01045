-- pgkeel: transaction=off
create table left_over (id int);
commit and chain;
