alter table fleet.bikes replica identity full;
alter table workshop.parts replica identity nothing;
