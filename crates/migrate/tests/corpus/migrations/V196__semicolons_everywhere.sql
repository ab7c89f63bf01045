;;; ; insert into odd.seen values (196, ';');;
;
insert into odd.seen select 196, string_agg(part, ';' order by part) from regexp_split_to_table('a;b;c', ';') as part ; ;
/* ; */ ; -- ;
insert into odd.seen values (196, (select ';' || (array['x;', 'y;'])[1:2]::text));
