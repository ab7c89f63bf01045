drop text search configuration support.hyphens;
drop text search parser support.hyphens;
drop text search template support.plain_words;
