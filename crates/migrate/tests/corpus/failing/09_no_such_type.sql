alter table things add column "größe" größenangabe;
