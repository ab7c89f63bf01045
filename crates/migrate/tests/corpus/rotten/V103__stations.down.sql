-- The table was called otherwise once.
drop table fleet.station;
