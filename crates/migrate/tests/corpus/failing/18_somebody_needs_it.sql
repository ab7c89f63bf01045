-- ж
drop table things;
