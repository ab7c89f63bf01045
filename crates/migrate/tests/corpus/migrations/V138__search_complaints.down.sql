alter table support.complaints drop column found_by;
drop text search configuration support.words;
drop text search dictionary support.plain;
