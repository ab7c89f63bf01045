-- The shop has to be closed for this, too:
-- squawk-ignore-file require-concurrent-index-deletion

drop index customers_country_idx;
drop index order_lines_article_idx;
drop index customers_search_idx;
alter table customers drop column search;
