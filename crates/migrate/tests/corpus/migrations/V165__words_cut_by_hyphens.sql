create text search template support.plain_words (lexize = dsimple_lexize);
create text search parser support.hyphens (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype, headline = prsd_headline);
create text search configuration support.hyphens (parser = support.hyphens);
alter text search configuration support.hyphens add mapping for hword, hword_part, word with simple;
