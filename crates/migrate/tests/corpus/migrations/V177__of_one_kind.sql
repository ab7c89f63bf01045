create type report.line as (day date, rides bigint, note text);
create table report.lines of report.line (day primary key, rides with options default 0);
