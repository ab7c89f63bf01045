set search_path = rides, riders, pg_catalog;
create table seats (id int primary key, rider uuid references riders, ride int8 references rides);
create view seats_taken as select seats.id, name from seats join riders on riders.id = seats.rider;
