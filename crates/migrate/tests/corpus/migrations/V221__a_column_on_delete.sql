-- from PostgreSQL 15
create table riders.pairs (one uuid, other uuid, primary key (one, other));
alter table rides.seats add column payer uuid, add constraint seats_payer_fkey foreign key (payer, rider)
    references riders.pairs on delete set null (payer);
