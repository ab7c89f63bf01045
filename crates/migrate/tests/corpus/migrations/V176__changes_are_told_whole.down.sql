alter table workshop.parts replica identity default;
alter table fleet.bikes replica identity default;
