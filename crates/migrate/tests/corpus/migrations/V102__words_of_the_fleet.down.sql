drop type fleet.place;
drop domain fleet.frame_number;
drop type fleet.bike_state;
