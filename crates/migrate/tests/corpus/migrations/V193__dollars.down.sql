delete from odd.seen where file = 193;
