create schema odd;
create table odd.seen (file integer not null, note text);
comment on table odd.seen is 'what files with strange syntax have found';
