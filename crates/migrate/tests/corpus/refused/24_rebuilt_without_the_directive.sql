reindex (verbose, concurrently) table things;
