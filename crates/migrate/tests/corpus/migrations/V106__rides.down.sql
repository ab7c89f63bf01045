drop schema rides cascade;
