drop function fleet.place_of(text);
