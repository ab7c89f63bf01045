drop collation report.plain;
drop table report.sums;
