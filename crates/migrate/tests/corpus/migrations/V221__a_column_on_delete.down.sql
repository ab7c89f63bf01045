alter table rides.seats drop column payer;
drop table riders.pairs;
