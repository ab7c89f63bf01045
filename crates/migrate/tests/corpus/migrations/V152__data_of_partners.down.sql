drop foreign table partners.ulm_stations;
drop user mapping for public server ulm;
drop server ulm;
drop foreign data wrapper files;
