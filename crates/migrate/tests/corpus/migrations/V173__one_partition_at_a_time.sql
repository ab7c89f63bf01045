-- pgkeel: transaction=off
create index signals_kind on only telemetry.signals (kind);
create index concurrently signals_2020_kind on telemetry.signals_2020 (kind);
create index concurrently signals_rest_kind on telemetry.signals_rest (kind);
alter index telemetry.signals_kind attach partition telemetry.signals_2020_kind;
alter index telemetry.signals_kind attach partition telemetry.signals_rest_kind;
