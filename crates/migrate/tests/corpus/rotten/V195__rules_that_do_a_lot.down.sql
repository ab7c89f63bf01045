drop table odd.things;
