drop table fleet.sightings;
