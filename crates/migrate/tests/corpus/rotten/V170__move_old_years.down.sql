alter table rides.old_signals set schema telemetry;
alter table telemetry.signals attach partition telemetry.signals_2019
    for values from ('2019-01-01 00:00+00') to ('2020-01-01 00:00+00');
