create publication stations_for_partners for table fleet.stations with (publish = 'insert, update');
create publication everything_that_is_emptied for all tables with (publish = 'truncate');
