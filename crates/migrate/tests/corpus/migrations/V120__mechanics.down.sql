alter table workshop.repairs drop column mechanic;
drop table workshop.mechanics;
