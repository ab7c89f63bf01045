create foreign data wrapper files options (debug 'false');
create server ulm type 'postgresql' version '15' foreign data wrapper files options (host 'ulm.example', port '5432');
create user mapping for public server ulm options ("user" 'reader');
create foreign table partners.ulm_stations (
    id integer options (column_name 'nr') not null,
    name text,
    constraint ulm_stations_id check (id > 0)
) server ulm options (table_name 'stationen');
