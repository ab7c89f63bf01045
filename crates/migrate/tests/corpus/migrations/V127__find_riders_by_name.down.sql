-- pgkeel: transaction=off
drop index concurrently riders.riders_joined;
drop index concurrently riders.riders_name_lower;
