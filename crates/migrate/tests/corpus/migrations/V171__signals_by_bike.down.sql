drop table telemetry.readings;
