alter table workshop.repairs alter column id drop default;
drop sequence workshop.repair_numbers;
alter table workshop.repairs alter column id add generated always as identity;
alter table fleet.stations alter column id set generated always set increment by 10;
