-- A value cannot be taken out of an enum, so the type is made anew.
alter table fleet.bikes alter column state drop default;
alter type fleet.bike_state rename to bike_state_old;
create type fleet.bike_state as enum ('ordered', 'parked', 'ridden', 'in repair');
alter table fleet.bikes alter column state type fleet.bike_state using state::text::fleet.bike_state;
alter table fleet.bikes alter column state set default 'ordered';
drop type fleet.bike_state_old;
