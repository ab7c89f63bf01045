-- pgkeel: transaction=off
create table odd.batches (id integer primary key, done boolean not null default false);
insert into odd.batches select generate_series(1, 30) on conflict do nothing;
do $$
begin
    for i in 1..3 loop
        update odd.batches set done = true where id between 10 * i - 9 and 10 * i;
        commit;
    end loop;
end $$;
create unique index concurrently if not exists batches_done on odd.batches (id) where done;
drop index concurrently if exists odd.no_such_index;
