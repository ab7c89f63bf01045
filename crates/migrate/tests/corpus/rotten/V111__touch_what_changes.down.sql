drop trigger bikes_touch on fleet.bikes;
alter table fleet.bikes drop column touched;
