create table left_over (
    "Größe" int,
    "Straße" text,
);
