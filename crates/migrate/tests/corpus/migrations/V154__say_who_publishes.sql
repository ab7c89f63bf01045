alter publication stations_for_partners add table partners.towns;
comment on publication stations_for_partners is 'for Ulm and Fürth';
