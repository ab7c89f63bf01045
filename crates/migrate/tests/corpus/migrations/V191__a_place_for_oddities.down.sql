drop schema odd cascade;
