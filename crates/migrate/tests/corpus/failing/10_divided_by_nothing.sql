create table left_over (id int);

   -- これは何も割らない
   select 1 / 0;
