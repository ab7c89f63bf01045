//! Files that the server refuses: where, and with what.

use std::collections::BTreeMap;

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Location, Migrations, Migrator, Stays};
use pgkeel_testkit::TestDatabase;

use super::State;
use super::failing::TABLES;
use super::files::{expected, read};

#[tokio::test]
async fn every_failure_is_told_with_its_place_and_leaves_nothing() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLES).await.unwrap();
    let (before, mut found) = (State::of(&connection).await, BTreeMap::new());
    for (file, text) in read("failing") {
        let migrations = Migrations::from_static(&[("V1__failing.sql", &text)]).unwrap();
        let migrator = Migrator::new(database.config(), migrations).accepting_destructive();
        let error = migrator.up().await.unwrap_err();
        let failed = error.file().unwrap();
        assert_eq!(failed.stays, Stays::Nothing, "{file}");
        let code = error.server().unwrap_or_else(|| panic!("{file}: {error:?}")).code().code();
        let place = failed.at.as_ref().map_or("nowhere".to_owned(), Location::to_string);
        found.insert(file, format!("{code} at {place}"));
    }
    State::of(&connection).await.assert_is(&before, "after all failures");
    assert!(found.len() >= 40);
    let expected: BTreeMap<String, String> = expected("failing").into_iter().collect();
    assert_eq!(found, expected, "{found:#?}");
}
