drop table riders.phones;
