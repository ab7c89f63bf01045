drop view odd.deep;
delete from odd.seen where file = 205;
