-- needs its transaction: what is put off would be checked at once.
set constraints all deferred;
insert into billing.households values (1, md5('nobody yet')::uuid);
insert into riders.riders (id, joined, name) values (md5('nobody yet')::uuid, '2021-01-01 00:00+00', 'Kim');
insert into billing.household_members values (1, md5('nobody yet')::uuid);
