create access method archive type table handler heap_tableam_handler;
create table rides.archive (like rides.rides including defaults including identity including comments) using archive;
alter table rides.archive add primary key (id);
