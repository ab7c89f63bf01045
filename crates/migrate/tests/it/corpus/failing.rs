//! What the files in `failing` are run against.

/// These find one row, and a table that others refer to.
pub(crate) const TABLES: &str = "
    create table things (id int primary key, name text not null check (name <> ''));
    insert into things values (1, 'eins');
    create table parts (id int, name text, thing int references things default 99);
    alter table parts alter id type int using id, add foreign key (id) references things;
    create table late (id int, thing int references things deferrable initially deferred)";
