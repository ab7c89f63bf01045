//! The schema is recorded when a call ends, however it ends and whatever its last file leaves of the session.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Against, Error, Event, Migrations, Stop, Verifier};
use pgkeel_testkit::TestDatabase;

use crate::{history, recording};

const FILES: [(&str, &str); 3] = [
    ("V1__a.sql", "create table a (id int);"),
    ("V2__b.sql", "create table b (id int);"),
    ("V3__c.sql", "create table c (id int);"),
];

async fn is_recorded(database: &TestDatabase, files: &[(&str, &str)]) -> bool {
    let verifier = Verifier::new(database.config(), Migrations::from_static(files).unwrap());
    verifier.verify(&Against::Recorded).await.is_ok_and(|verification| verification.is_clean())
}

#[tokio::test]
async fn what_the_last_file_leaves_of_the_session_does_not_matter() {
    let database = TestDatabase::empty().await;
    let role = format!("{}_weak", database.address().database());
    database.connection().await.batch_execute(&format!("create role {role}")).await.unwrap();
    let left = [
        format!("set role {role}"),
        "set search_path = nowhere".to_owned(),
        "set default_transaction_read_only = on".to_owned(),
        "set client_encoding = 'latin1'".to_owned(),
    ];
    let texts: Vec<(String, String)> = (1..)
        .zip(left)
        .map(|(n, left)| (format!("V{n}__a.sql"), format!("create table t{n} (); {left};")))
        .collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
    let mut unrecorded = Vec::new();
    for number in 1..=files.len() {
        recording(&database, &files[..number]).up().await.unwrap();
        if !is_recorded(&database, &files[..number]).await {
            unrecorded.push(files[number - 1]);
        }
    }
    database.connection().await.batch_execute(&format!("drop role {role}")).await.unwrap();
    assert!(unrecorded.is_empty(), "{unrecorded:?}");
}

/// With a file under way that is taken back.
#[tokio::test]
async fn behind_files_that_were_stopped_it_is_of_those_that_ran() {
    let database = TestDatabase::empty().await;
    let stop = Stop::new();
    let tell = |event: Event<'_>| {
        if matches!(event, Event::Done(_)) {
            stop.request();
        }
    };
    let migrator = recording(&database, &FILES).with_stop(stop.clone());
    let error = migrator.up_with(tell).await.unwrap_err();
    assert!(matches!(error, Error::Stopped { .. }), "{error:?}");
    assert_eq!(history(&database).await, [1]);
    assert!(is_recorded(&database, &FILES[..1]).await);
}

#[tokio::test]
async fn behind_a_commit_that_is_refused_it_is_of_those_that_ran() {
    let database = TestDatabase::empty().await;
    let refused = "create table b (id int primary key, of int references b deferrable initially deferred);
        insert into b values (1, 2);";
    recording(&database, &[FILES[0], ("V2__b.sql", refused), FILES[2]]).up().await.unwrap_err();
    assert_eq!(history(&database).await, [1]);
    assert!(is_recorded(&database, &FILES[..1]).await);
}
