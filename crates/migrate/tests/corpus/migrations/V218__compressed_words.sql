-- from PostgreSQL 14
alter table support.complaints alter column answer set compression pglz;
create statistics support.complaints_length on (length(words)), (closed is null) from support.complaints;
create index complaints_length on support.complaints (length(words)) include (id);
