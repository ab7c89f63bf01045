truncate telemetry.signals;
