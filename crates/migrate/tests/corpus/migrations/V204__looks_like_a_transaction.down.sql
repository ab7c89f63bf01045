drop procedure odd.end_it();
drop table odd."begin";
