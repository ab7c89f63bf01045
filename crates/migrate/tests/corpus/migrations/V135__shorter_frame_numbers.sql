alter domain fleet.frame_number drop constraint frame_number_is_spelled;
alter domain fleet.frame_number add constraint frame_number_is_spelled check (value ~ '^[A-Z]{1,3}-[0-9]{3,6}$');
