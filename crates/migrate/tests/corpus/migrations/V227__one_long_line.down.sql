delete from odd.seen where file = 227;
