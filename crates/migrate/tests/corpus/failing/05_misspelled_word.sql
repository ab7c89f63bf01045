-- 🚲
create table left_over (id int);
selct '🚲';
