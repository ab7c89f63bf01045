-- Indexes for the reports that were planned for the summer, and the search box of the back office.
-- The shop was closed while this ran, so that no writer had to wait:
-- squawk-ignore-file adding-field-with-default, require-concurrent-index-creation

alter table customers add column search tsvector not null
    generated always as (to_tsvector('simple', full_name || ' ' || replace(email, '@', ' '))) stored;

comment on column customers.search is 'Words of name and e-mail address, for the search box.';

create index customers_search_idx on customers using gin (search);

-- Revenue by article.
create index order_lines_article_idx on order_lines (sku);

-- Customers by country, for the newsletter.
create index customers_country_idx on customers (country, created_at);
