-- as other tools want it
BEGIN;
create table left_over (größe int);
COMMIT;
