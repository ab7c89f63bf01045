drop index riders.riders_phone_book;
drop collation riders.phone_book;
