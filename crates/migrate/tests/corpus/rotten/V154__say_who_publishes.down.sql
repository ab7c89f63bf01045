alter publication stations_for_partners set table fleet.stations;
