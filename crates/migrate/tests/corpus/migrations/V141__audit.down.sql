drop trigger tariffs_note on billing.tariffs;
drop schema audit cascade;
