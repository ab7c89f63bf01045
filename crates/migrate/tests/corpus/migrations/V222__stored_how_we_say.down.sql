drop table support.photos;
