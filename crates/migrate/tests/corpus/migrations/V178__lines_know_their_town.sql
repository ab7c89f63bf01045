-- pgkeel: destructive=accepted
alter type report.line add attribute town varchar(12) collate "C" cascade;
alter type report.line alter attribute note type varchar(200) cascade;
