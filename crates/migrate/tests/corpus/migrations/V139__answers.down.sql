drop table support.answers;
