create table telemetry.kinds (kind smallint primary key, name text not null unique);
insert into telemetry.kinds values (0, 'opened'), (1, 'closed'), (2, 'alive'), (3, 'tilted');
alter table telemetry.signals add constraint signals_kind_fkey foreign key (kind) references telemetry.kinds;
