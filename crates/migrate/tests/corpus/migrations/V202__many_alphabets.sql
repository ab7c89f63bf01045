-- größer · 日本語 · العربية · Ελληνικά · 🚲 and a family of one sign: 👩‍👩‍👧
create table odd."自転車" ("名前" text, naïve text, "عدد" integer, ёлка int, "🚲" bool);
insert into odd."自転車" values ('赤い; 自転車', '🚲;''', 3, 4, true);
insert into odd.seen select 202, "名前" || naïve from odd."自転車";
do $größe$ begin insert into odd.seen values (202, 'ß;' || $日本$;$日本$); end $größe$;
