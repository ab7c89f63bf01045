alter table telemetry.signals drop constraint signals_kind_fkey;
drop table telemetry.kinds;
