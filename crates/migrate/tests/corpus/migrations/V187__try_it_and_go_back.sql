-- needs its transaction: there are savepoints only inside of one.
savepoint before;
insert into billing.tariffs values ('trial', 'nur ein Versuch', 'empty', 1);
rollback work to savepoint before;
insert into billing.tariffs values ('year', 'Jahreskarte', '[0,60)', 0);
release before;
