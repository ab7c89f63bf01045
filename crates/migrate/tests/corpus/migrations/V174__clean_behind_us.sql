-- pgkeel: transaction=off
vacuum (analyze) rides.rides;
reindex index concurrently rides.rides_started;
analyze;
reindex (verbose) table concurrently billing.tariffs;
