drop view report.full_stations;
