select 'ä;ö;ü';
  create table things (id int);
