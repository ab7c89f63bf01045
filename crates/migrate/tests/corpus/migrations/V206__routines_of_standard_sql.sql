-- from PostgreSQL 14
create function odd.twice(n integer) returns integer
    language sql immutable
begin atomic
    select 1;
    select case when n > 0 then case n when 1 then 2 else n * 2 end else 0 end;
end;
create or replace procedure odd.note_it(file integer, note text)
BEGIN /* ; */ ATOMIC
    insert into odd.seen values (file, note || ';');
    update odd.seen set note = "note" where false;
END;
call odd.note_it(206, 'begin atomic; end');
create function odd.plus(a integer, b integer default 1) returns integer immutable return a + case b when 1 then 1 end;
create function odd.weekend() returns text begin atomic; select 'end' as "end;"; end;
insert into odd.seen select 206, odd.plus(odd.twice(2)) || odd.weekend();
