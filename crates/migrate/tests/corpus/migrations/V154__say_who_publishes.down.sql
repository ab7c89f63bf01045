alter publication stations_for_partners drop table partners.towns;
comment on publication stations_for_partners is null;
