drop trigger readings_late on telemetry.readings_0;
drop trigger signals_all on telemetry.signals;
drop trigger signals_alive on telemetry.signals;
drop function telemetry.alive();
