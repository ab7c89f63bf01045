drop cast (text as fleet.place);
drop function fleet.place_of(text);
