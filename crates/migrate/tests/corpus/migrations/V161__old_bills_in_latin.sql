create conversion billing.to_latin for 'UTF8' to 'LATIN1' from utf8_to_iso8859_1;
create table billing.old_bills (number integer constraint old_number check (number > 0), scan bytea, hash bit(32), flags bit varying(8) default b'101');
alter table billing.old_bills alter column scan set storage external;
