create schema "Sonder-Fälle";
create table "Sonder-Fälle"."select" (
    "order" int primary key, "Größe" text default 'ä', "with ""quotes""" int, "dot.dot" int, "a b" int, "$1" int,
    "ein sehr langer name, der genau bis zur grenze von 63 bytes gehtx" int
);
create index "Index; mit Strichpunkt" on "Sonder-Fälle"."select" ("Größe", "a b");
comment on column "Sonder-Fälle"."select"."dot.dot" is '..';
create function "Sonder-Fälle"."Fn"("Arg" int = 1, variadic "rest" text[] = '{}') returns setof "Sonder-Fälle"."select"
    language sql as 'select * from "Sonder-Fälle"."select" where "order" = "Arg"';
