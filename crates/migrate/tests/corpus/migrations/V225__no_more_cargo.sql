-- pgkeel: phase=contract
alter table fleet.cargo_bikes no inherit fleet.bikes;
