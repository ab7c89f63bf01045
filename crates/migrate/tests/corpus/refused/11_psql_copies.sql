\copy things from 'rows.csv' with csv header
select 1;
