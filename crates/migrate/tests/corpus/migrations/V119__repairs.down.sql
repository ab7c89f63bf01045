drop table workshop.repair_parts;
drop table workshop.repairs;
