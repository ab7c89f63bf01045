comment on table odd.seen is 'what files with strange syntax have found';
delete from odd.seen where file = 203;
