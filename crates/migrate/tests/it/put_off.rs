//! Constraints that are put off to the end of a transaction, in transactions that go on behind a file.

use std::fmt::Write as _;

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{DryRun, Migrations, Squasher, Tenant};
use pgkeel_testkit::{TestDatabase, scaled};

use crate::migrator;

const FILES: [(&str, &str); 3] = [
    ("V1__a.sql", "create table a (id int primary key, n int unique deferrable initially deferred);"),
    (
        "V2__b.sql",
        "set constraints all deferred; insert into a values (1, 1), (2, 1); update a set n = id where id > 0;",
    ),
    ("V3__c.sql", "alter table a add column more int;"),
];

#[tokio::test]
async fn schemas_that_others_drop_meanwhile_are_in_nobodys_way() {
    let (database, others) = (TestDatabase::empty().await, scaled(100, 1000));
    let squasher = Squasher::new(database.config(), Migrations::from_static(&FILES).unwrap());
    let checkpoint = squasher.squash(3).await.unwrap().text().to_owned();
    let connection = database.connection().await;
    let mut make = String::new();
    for number in 0..others {
        write!(
            make,
            "create schema other_{number}; create table other_{number}.t (id int unique deferrable);"
        )
        .unwrap();
    }
    connection.batch_execute(&make).await.unwrap();
    let dropping = tokio::spawn(async move {
        for number in 0..others {
            connection.batch_execute(&format!("drop schema other_{number} cascade")).await.unwrap();
        }
    });
    let mut round = 0;
    while !dropping.is_finished() {
        let tried = migrator(&database, &FILES).with_dry_run(DryRun::Rollback).up().await;
        assert_eq!(tried.unwrap().done.len(), 3);
        let tenant = Tenant::new(format!("tenant_{round}")).unwrap();
        let whole = migrator(&database, &[("B3__checkpoint.sql", checkpoint.as_str())]);
        assert_eq!(whole.in_schema(&tenant).up().await.unwrap().done.len(), 1);
        round += 1;
    }
    dropping.await.unwrap();
}

#[tokio::test]
async fn what_a_file_puts_off_of_a_table_that_it_leaves_alone_is_not_put_off_for_the_next() {
    let database = TestDatabase::empty().await;
    let first = ("V1__a.sql", "create table a (id int unique deferrable); insert into a values (1), (2);");
    migrator(&database, &[first]).up().await.unwrap();
    let files = [
        first,
        ("V2__b.sql", "set constraints all deferred;"),
        ("V3__c.sql", "update a set id = 2 where id = 1; update a set id = 3 where ctid = '(0,2)';"),
    ];
    let tried = migrator(&database, &files).with_dry_run(DryRun::Rollback).up().await;
    let error = tried.unwrap_err();
    assert_eq!(
        (error.file().unwrap().file.as_str(), error.file().unwrap().at.unwrap().column),
        ("V3__c.sql", 1)
    );
}
