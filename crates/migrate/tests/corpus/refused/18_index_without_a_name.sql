-- pgkeel: transaction=off
create index concurrently on things (name);
