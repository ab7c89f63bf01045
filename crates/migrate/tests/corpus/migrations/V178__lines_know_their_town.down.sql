alter type report.line alter attribute note type text cascade;
alter type report.line drop attribute town cascade;
