insert into odd.seen values
    (194, 'it''s; fine'), (194, E'a\'b;\\'), (194, e'\x41\u00e9\101;'), (194, 'back\'), (194, 'slash\\;'),
    (194, U&'d\0061t\+000061;'), (194, U&'!0041;' UESCAPE '!'), (194, N'national;'), (194, B'101'::text), (194, X'1F'::text),
    (194, 'first'
          ' and; second'),
    (194, E'first\n'
          'and\'; second');
create table odd."a;b" (U&"d\0061ta" text, "quote"";" int, "E'" int);
insert into odd."a;b" values (';', 1, 2);
