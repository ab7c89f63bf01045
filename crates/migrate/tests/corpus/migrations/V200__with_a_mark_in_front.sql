insert into odd.seen values (200, 'behind a byte order mark');
