-- from PostgreSQL 14
create type fleet.hours as range (subtype = int4, multirange_type_name = fleet.opening_hours);
alter table fleet.stations add column open_at fleet.opening_hours not null default '{[6,23)}';
