alter table support.complaints drop column found_by, drop column closed;
alter table support.complaints add column closed timestamptz;
drop text search configuration support.words;
drop text search dictionary support.plain;
