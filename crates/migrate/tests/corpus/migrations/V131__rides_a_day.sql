create schema report;
create materialized view report.rides_a_day as
    select (started at time zone 'Europe/Berlin')::date as day, from_station, count(*) as rides,
           percentile_cont(0.5) within group (order by extract(epoch from ended - started)) as median_seconds
      from rides.rides
     group by 1, 2
with data;
create unique index rides_a_day_key on report.rides_a_day (day, from_station);
