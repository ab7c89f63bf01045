create table left_over (größe int) partition by list (größe);
  reindex table left_over;
