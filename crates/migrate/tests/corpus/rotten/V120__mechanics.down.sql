drop table workshop.mechanics;
alter table workshop.repairs drop column mechanic;
