drop schema workshop cascade;
