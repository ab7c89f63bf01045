drop table odd."自転車";
delete from odd.seen where file = 202;
