drop table odd."a;b";
delete from odd.seen where file = 194;
