drop schema partners cascade;
