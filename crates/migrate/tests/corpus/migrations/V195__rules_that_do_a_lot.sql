create table odd.things (id int primary key, name text);
create view odd.named as select id, name from odd.things where name is not null;
create rule named_insert as on insert to odd.named do instead (
    insert into odd.things values (new.id, new.name);
    insert into odd.seen values (195, 'inserted; ' || new.name);
    notify things;
);
create rule named_update as on update to odd.named where new.name <> '(;' do instead
    (update odd.things set name = new.name where id = old.id; insert into odd.seen values (195, ')'););
create rule named_nothing as on update to odd.named do instead nothing;
insert into odd.named values (1, 'a'), (2, 'b');
update odd.named set name = name || ')' where id = 2;
