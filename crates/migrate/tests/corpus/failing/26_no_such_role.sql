grant select on things to "größte Rolle";
