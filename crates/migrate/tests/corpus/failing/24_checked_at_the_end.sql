insert into late values (1, 77);
select 'später';
