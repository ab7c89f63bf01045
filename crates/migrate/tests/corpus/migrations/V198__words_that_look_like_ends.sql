create table odd.atomic ("begin" int, "end" text, "case" int);
create function odd.begin(atomic integer) returns table ("end" integer) language sql as
    'select atomic; select case when atomic > 1 then 2 else 3 end';
create or replace function odd.ends() returns text language plpgsql as $$
begin
    return case when true then 'end;' end;
end; $$;
insert into odd.atomic select "end", odd.ends() from odd.begin(2);
insert into odd.seen select 198, "begin" || "end" from odd.atomic;
