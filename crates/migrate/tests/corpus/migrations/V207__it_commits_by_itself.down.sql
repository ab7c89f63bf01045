-- pgkeel: transaction=off
drop table odd.batches;
