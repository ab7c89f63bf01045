drop table report.lines;
drop type report.line;
