create table odd.commit (start int, "transaction" int);
insert into odd.commit (start) values (1);
do $$ begin perform 'commit;'; end $$;
prepare odd_begin as select start as rollback from odd.commit;
execute odd_begin;
deallocate odd_begin;
create procedure odd.end_it() language plpgsql as $$ begin commit; end $$;
alter table odd.commit rename to "begin";
