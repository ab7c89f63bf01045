//! All of it as one file.

use pgkeel_migrate::{Migrations, Migrator, SquashProblem, Squasher, VerifyError};
use pgkeel_testkit::TestDatabase;

use super::corpus;
use crate::history;

/// What a transaction cannot have, each as something that it can.
const OUTSIDE: [(&str, &str); 4] = [
    ("vacuum (analyze) rides.rides;", "analyze rides.rides;"),
    ("reindex index concurrently rides.rides_started;", ""),
    ("reindex (verbose) table concurrently billing.tariffs;", ""),
    ("        commit;\n", ""),
];

fn newest(migrations: &Migrations) -> i64 {
    migrations.iter().map(pgkeel_migrate::Migration::version).max().unwrap()
}

#[tokio::test]
async fn what_no_transaction_can_have_is_named() {
    let (database, migrations) = (TestDatabase::empty().await, corpus().await.migrations());
    let version = newest(&migrations);
    let squasher = Squasher::new(database.config(), migrations);
    match squasher.squash(version).await {
        Err(VerifyError::CannotSquash { problems }) => {
            let is_it = |problem: &SquashProblem| matches!(problem, SquashProblem::Outside { file, .. } if file.starts_with("V174__"));
            assert!(problems.len() == 3 && problems.iter().all(is_it), "{problems:#?}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_rest_comes_out_the_same() {
    let database = TestDatabase::empty().await;
    let edit = |_: &str, text: &str| {
        OUTSIDE.iter().fold(text.to_owned(), |text, (outside, inside)| text.replace(outside, inside))
    };
    let migrations = corpus().await.ups().edited(edit).migrations();
    let squasher = Squasher::new(database.config(), migrations.clone());
    let last = newest(&migrations);
    // With a file that changes a table whose constraints an earlier one has put off.
    let checkpoint = squasher.squash(last).await.unwrap();
    let files = [(checkpoint.file(), checkpoint.text())];
    Migrator::new(database.config(), Migrations::from_static(&files).unwrap()).up().await.unwrap();
    assert_eq!(history(&database).await.last(), Some(&last));
    assert!(Migrator::new(database.config(), migrations).up().await.unwrap().done.is_empty());
}
