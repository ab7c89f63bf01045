drop function workshop.cost(integer, numeric);
