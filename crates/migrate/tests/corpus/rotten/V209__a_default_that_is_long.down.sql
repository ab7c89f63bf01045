alter table support.complaints drop column answer, drop column closed;
alter table support.complaints add column closed timestamptz;
