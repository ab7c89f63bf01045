do $outer$
begin
    execute $inner$ insert into odd.seen values (193, $$a; $outer ; inner$$) $inner$;
    execute 'insert into odd.seen values (193, $ä$ü;$ä$)';
    insert into odd.seen select 193, a$1 from (values ('no $tag$ here;')) as v(a$1);
    insert into odd.seen values (193, $_1$;$_1$), (193, '$$');
end $outer$;
prepare odd_one(integer, text) as insert into odd.seen values ($1, $2 || $$;$$);
execute odd_one(193, '$1');
deallocate odd_one;
