insert into things values (7, 'sieben');
do $$ begin raise exception 'so geht das nicht: ü' using errcode = 'P0042', hint = 'schreib es anders'; end $$;
