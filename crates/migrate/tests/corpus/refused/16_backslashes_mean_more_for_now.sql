create table left_over (id int);
set local standard_conforming_strings to 'off';
