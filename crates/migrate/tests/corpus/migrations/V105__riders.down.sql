drop schema riders cascade;
