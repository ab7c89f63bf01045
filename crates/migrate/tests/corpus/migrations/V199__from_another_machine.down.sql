drop function odd.from_there();
delete from odd.seen where file = 199;
