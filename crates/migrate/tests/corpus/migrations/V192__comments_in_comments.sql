/* one /* two; /* three -- */ ; */ */ insert into odd.seen values (192, 'after /* a comment'); -- the end; '
insert into odd.seen values (192, '-- no comment') /* '; */ ; /**/ insert /*/**/*/ into odd.seen /* ; */ values (192, $$/*$$);
-- insert into odd.seen values (192, 'never'); \
