drop table rides.archive;
drop access method archive;
