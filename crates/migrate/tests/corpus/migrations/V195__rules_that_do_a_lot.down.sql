drop table odd.things cascade;
delete from odd.seen where file = 195;
