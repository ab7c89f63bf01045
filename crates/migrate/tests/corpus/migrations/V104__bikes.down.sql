drop table fleet.bikes;
