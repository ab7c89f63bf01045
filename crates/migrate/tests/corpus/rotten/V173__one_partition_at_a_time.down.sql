-- pgkeel: transaction=off
drop index concurrently telemetry.signals_kind;
