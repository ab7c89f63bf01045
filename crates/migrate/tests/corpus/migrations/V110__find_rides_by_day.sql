-- pgkeel: transaction=off lock_timeout=10s
create index concurrently rides_started on rides.rides (started desc nulls last) include (rider);
