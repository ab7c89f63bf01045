alter table support.complaints drop column reasons;
drop type support.reason;
