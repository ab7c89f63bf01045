drop index support.complaints_length;
drop statistics support.complaints_length;
alter table support.complaints alter column answer set compression default;
