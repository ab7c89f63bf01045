//! Files that the server refuses: where, and with what.

use std::collections::BTreeMap;

use pgkeel_connect::{Config, Executor as _};
use pgkeel_migrate::cli::Exit;
use pgkeel_migrate::{Location, Migrations, Migrator, Stays};
use pgkeel_testkit::TestDatabase;

use super::State;
use super::failing::TABLES;
use super::files::{expected, read};
use crate::cli;

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
    println!(
        "check 12: {} failures, each told with its SQLSTATE and place as expected, nothing left",
        found.len()
    );
}

#[tokio::test]
async fn on_the_command_line_each_failure_has_place_and_sqlstate_and_no_secret_of_the_address() {
    const SECRET: &str = "canary4711";
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    database.connection().await.batch_execute(TABLES).await.unwrap();
    let config = Config::new(database.address().clone().with_password(SECRET.to_owned().into()));
    let files: BTreeMap<String, String> = read("failing").into_iter().collect();
    let (mut details, mut hints) = (0, 0);
    for (file, told) in expected("failing") {
        std::fs::write(directory.path().join("V1__failing.sql"), &files[&file]).unwrap();
        let (code, place) = told.split_once(" at ").unwrap();
        let words = ["up", "--accept-destructive", "--detail"];
        let (exit, out, err) = cli::run_at(config.clone(), directory.path(), &words).await;
        let place = if place == "nowhere" {
            "V1__failing.sql: ".to_owned()
        } else {
            format!("V1__failing.sql:{place}: ")
        };
        assert!(exit == Exit::Failed && err.contains(&place) && err.contains(code), "{file}: {err}");
        assert!(!out.contains(SECRET) && !err.contains(SECRET), "{file}: {out}{err}");
        details += usize::from(err.contains("\ndetail: "));
        hints += usize::from(err.contains("\nhint: "));
    }
    println!(
        "check 12: {} failures on the command line, {details} with a detail, {hints} with a hint, none with a secret",
        files.len()
    );
    assert!(details > 0 && hints > 0);
}
