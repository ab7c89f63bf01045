create table fleet.locks (
    serial char(12) primary key,
    bike bigint unique references fleet.bikes on delete set null,
    code fleet.key_code,
    built interval year to month,
    wakes time(0) with time zone not null default time '06:00+01',
    battery double precision default 'NaN',
    counts int[] default array[0, 0, 0],
    matrix real[][],
    settings jsonb,
    written pg_lsn
);
