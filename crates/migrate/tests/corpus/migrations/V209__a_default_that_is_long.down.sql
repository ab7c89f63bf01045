alter table support.complaints drop column answer;
