drop table telemetry.signals_rest;
truncate telemetry.signals;
