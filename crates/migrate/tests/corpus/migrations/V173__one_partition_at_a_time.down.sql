drop index telemetry.signals_kind;
