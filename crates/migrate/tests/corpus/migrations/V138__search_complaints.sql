create text search dictionary support.plain (template = pg_catalog.simple, accept = true);
create text search configuration support.words (copy = pg_catalog.simple);
alter text search configuration support.words alter mapping for asciiword, word with support.plain;
comment on text search configuration support.words is 'every word as it is';
alter table support.complaints
    add column found_by tsvector generated always as (to_tsvector('support.words', words)) stored;
create index complaints_found_by on support.complaints using gin (found_by);
