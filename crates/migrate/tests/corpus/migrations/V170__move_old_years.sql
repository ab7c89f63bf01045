alter table telemetry.signals detach partition telemetry.signals_2019;
alter table telemetry.signals_2019 set schema rides;
alter table rides.signals_2019 rename to old_signals;
