select ';'; ABORT WORK;
