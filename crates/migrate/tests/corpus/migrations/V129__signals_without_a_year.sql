create table telemetry.signals_rest partition of telemetry.signals default;
insert into telemetry.signals (bike, at, kind, volts, place)
    select 1 + n % 60, timestamptz '2019-11-20 00:00+00' + n * interval '3 hours', n % 4, 3.3 + (n % 7) / 10.0, point(11.5, 48.1)
      from generate_series(1, 600) as n;
