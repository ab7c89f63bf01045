-- pgkeel: transaction=off
-- The table is large by now, and people ride while this runs.
create index concurrently riders_name_lower on riders.riders (lower(name) collate "C" text_pattern_ops);
create index concurrently riders_joined on riders.riders using brin (joined);
