create schema telemetry;
create table telemetry.signals (
    bike bigint not null,
    at timestamptz not null,
    kind smallint not null,
    volts real,
    place point
) partition by range (at);
create table telemetry.signals_2019 partition of telemetry.signals
    for values from ('2019-01-01 00:00+00') to ('2020-01-01 00:00+00');
create table telemetry.signals_2020 partition of telemetry.signals
    for values from ('2020-01-01 00:00+00') to ('2021-01-01 00:00+00');
create index signals_bike on telemetry.signals (bike, at);
