drop function odd.ends();
drop function odd.begin(integer);
drop table odd.atomic;
delete from odd.seen where file = 198;
