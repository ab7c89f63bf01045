-- pgkeel: transaction=off
drop index concurrently rides.rides_started;
