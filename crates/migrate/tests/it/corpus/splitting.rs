//! Where statements begin and end: one by one they do what a file does as a whole. `psql` beside it is in
//! `tests/external`.

use std::collections::BTreeMap;

use pgkeel_migrate::{Conflict, Migrations, Migrator};
use pgkeel_testkit::TestDatabase;

use super::files::{expected, read};
use super::{State, applied, corpus};

#[tokio::test]
async fn statement_by_statement_the_files_make_what_they_make_as_a_whole() {
    let database = TestDatabase::empty().await;
    let one_by_one = corpus().await.one_by_one();
    let report = Migrator::new(database.config(), one_by_one.migrations()).up().await.unwrap();
    let outside: Vec<_> = report.done.iter().filter(|done| done.outside_transaction).collect();
    let statements: usize = outside.iter().map(|done| done.statements).sum();
    let whole = State::of(&applied().await.connection().await).await;
    State::of(&database.connection().await).await.assert_is(&whole, "one by one");
    println!(
        "check 11: {} files of {statements} statements one by one made what they make as a whole",
        outside.len()
    );
}

#[tokio::test]
async fn what_cannot_be_part_of_a_file_is_named_with_its_place() {
    let database = TestDatabase::empty().await;
    let expected: BTreeMap<String, String> = expected("refused").into_iter().collect();
    let mut found = BTreeMap::new();
    for (file, text) in read("refused") {
        let migrations = Migrations::from_static(&[("V1__refused.sql", &text)]).unwrap();
        let conflicts = Migrator::new(database.config(), migrations).status().await.unwrap().conflicts;
        let [Conflict::Unfit { unfit, .. }] = &conflicts[..] else { panic!("{file}: {conflicts:?}") };
        found.insert(file, format!("{} at {}, {:?}", unfit.words, unfit.at, unfit.reason));
    }
    assert_eq!(found, expected, "{found:#?}");
    println!("check 11: {} files refused with words and place before anything ran", found.len());
}
