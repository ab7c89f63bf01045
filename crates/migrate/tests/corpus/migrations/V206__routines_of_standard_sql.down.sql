drop function odd.weekend();
drop function odd.plus(integer, integer);
drop procedure odd.note_it(integer, text);
drop function odd.twice(integer);
delete from odd.seen where file = 206;
