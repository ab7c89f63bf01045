insert into odd.seen select 197, (1 - -1)::text || (2*-3) || (4 - - 5) || @ -6 || (7 /*;*/ - 8);
insert into odd.seen select 197, (9--10;
    )::text;
insert into odd.seen select 197, ('{"a;": 1}'::jsonb ? 'a;')::text || (1<>2) || ('5' !~~ '6') || (7 % -4) || (array[1]<@array[1,2]);
insert into odd.seen select 197, 1.5e3::text || .5 || 1e-2 || '1'::int4;
