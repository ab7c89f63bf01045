create table überall.left_over (id int);
