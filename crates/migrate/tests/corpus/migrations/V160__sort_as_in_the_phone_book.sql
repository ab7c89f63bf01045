create collation riders.phone_book (provider = libc, locale = 'C');
comment on collation riders.phone_book is 'plain bytes will do until somebody complains';
create index riders_phone_book on riders.riders (name collate riders.phone_book);
