create table billing.households (
    id integer primary key,
    payer uuid not null,
    constraint households_payer_fkey foreign key (payer) references billing.accounts (rider)
        deferrable initially deferred
);
create table billing.household_members (
    household integer references billing.households on delete cascade,
    rider uuid unique deferrable initially immediate references riders.riders
);
