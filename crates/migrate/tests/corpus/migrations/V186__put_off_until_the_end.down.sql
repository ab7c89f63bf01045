delete from billing.household_members where household = 1;
delete from billing.households where id = 1;
delete from riders.riders where id = md5('nobody yet')::uuid;
