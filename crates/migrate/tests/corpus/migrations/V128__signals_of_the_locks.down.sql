drop schema telemetry cascade;
