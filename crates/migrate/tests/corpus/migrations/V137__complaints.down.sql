drop schema support cascade;
