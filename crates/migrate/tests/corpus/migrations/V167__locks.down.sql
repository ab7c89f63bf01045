drop table fleet.locks;
