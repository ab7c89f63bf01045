alter type report.line drop attribute town cascade;
