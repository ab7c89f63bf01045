drop table billing.household_members;
drop table billing.households;
