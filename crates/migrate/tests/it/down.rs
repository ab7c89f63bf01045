//! The way back.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Back, Conflict, Direction, Error, Stays, Target};
use pgkeel_testkit::TestDatabase;

use crate::{count, has_table, history, log, migrator, outside, versions};

const FILES: [(&str, &str); 6] = [
    ("V1__a.sql", "create table a (id int);"),
    ("V1__a.down.sql", "drop table a;"),
    ("V2__b.sql", "create table b (id int);"),
    ("V2__b.down.sql", "drop table b;"),
    ("V3__c.sql", "create table c (id int);"),
    ("V3__c.down.sql", "drop table c;"),
];

fn conflicts(error: Error) -> Vec<Conflict> {
    match error {
        Error::Conflicts { conflicts } => conflicts,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_newest_are_reverted_and_are_pending_again() {
    let database = TestDatabase::empty().await;
    let migrator = migrator(&database, &FILES);
    migrator.up().await.unwrap();
    let report = migrator.down(Back::Steps(2)).await.unwrap();
    assert_eq!(versions(report.done.iter().map(|done| &done.migration)), [3, 2]);
    assert!(report.done.iter().all(|done| done.direction == Direction::Down));
    assert_eq!(history(&database).await, [1]);
    assert!(has_table(&database, "a").await && !has_table(&database, "b").await);
    assert_eq!(versions(&migrator.status().await.unwrap().pending), [2, 3]);
    assert_eq!(migrator.up().await.unwrap().done.len(), 2);
    let end = log::rows(&database).await;
    assert_eq!(end[6..8], ["3 down running transaction 0/1", "3 down ok transaction 1/1"]);

    migrator.down(Back::To(1)).await.unwrap();
    assert_eq!(history(&database).await, [1]);
    assert!(matches!(migrator.down(Back::To(2)).await, Err(Error::NoSuchVersion { version: 2 })));
    migrator.down(Back::To(0)).await.unwrap();
    assert_eq!(history(&database).await, [0_i64; 0]);
    assert!(migrator.down(Back::Steps(9)).await.unwrap().done.is_empty());
}

#[tokio::test]
async fn up_goes_as_far_as_it_is_told() {
    let database = TestDatabase::empty().await;
    let migrator = migrator(&database, &FILES);
    let missing = migrator.clone().with_target(Target::Version(4)).up().await;
    assert!(matches!(missing, Err(Error::NoSuchVersion { version: 4 })));
    migrator.clone().with_target(Target::Version(2)).up().await.unwrap();
    assert_eq!(history(&database).await, [1, 2]);
    assert!(migrator.clone().with_target(Target::Version(1)).up().await.unwrap().done.is_empty());
    migrator.down(Back::To(0)).await.unwrap();
    migrator.clone().with_target(Target::Steps(1)).up().await.unwrap();
    assert_eq!(history(&database).await, [1]);
}

#[tokio::test]
async fn a_file_that_fails_is_not_reverted_and_those_before_it_are() {
    let database = TestDatabase::empty().await;
    let mut files = FILES;
    files[3].1 = "create table left_over (id int);\ndrop table nothing;";
    let migrator = migrator(&database, &files);
    migrator.up().await.unwrap();
    let error = migrator.down(Back::To(0)).await.unwrap_err();
    let failed = error.file().unwrap();
    assert_eq!(
        (failed.file.as_str(), failed.direction, failed.stays),
        ("V2__b.down.sql", Direction::Down, Stays::Nothing)
    );
    assert_eq!(failed.at.unwrap().to_string(), "2:1");
    assert_eq!(error.before(), ["V3__c.down.sql"]);
    assert!(error.to_string().contains("nothing of this file was reverted"), "{error}");
    assert_eq!(history(&database).await, [1, 2]);
    assert!(!has_table(&database, "left_over").await);
}

#[tokio::test]
async fn where_there_is_no_way_back_nothing_is_reverted() {
    let database = TestDatabase::empty().await;
    let files = [
        FILES[0],
        ("V2__b.sql", "-- pgkeel: irreversible=\"the rows are gone\"\nselect 1;"),
        ("V3__c.sql", "select 1;"),
        ("V3__c.down.sql", "select 1; commit;"),
    ];
    let migrator = migrator(&database, &files);
    migrator.up().await.unwrap();
    let found = conflicts(migrator.down(Back::To(0)).await.unwrap_err());
    let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 3, "{texts:?}");
    assert!(texts[0].starts_with("V3__c.down.sql has COMMIT at 1:11"), "{texts:?}");
    assert_eq!(texts[1], "V2__b.sql cannot be reverted: the rows are gone");
    assert_eq!(texts[2], "V1__a.sql cannot be reverted: there is no .down.sql beside it");
    assert_eq!(history(&database).await, [1, 2, 3]);
}

#[tokio::test]
async fn an_edited_way_back_hinders_only_going_back() {
    let database = TestDatabase::empty().await;
    migrator(&database, &FILES).up().await.unwrap();
    let mut files = FILES;
    files[3].1 = "-- only a comment\ndrop table  b;";
    files[5].1 = "drop table if exists c;";
    let migrator = migrator(&database, &files);
    assert!(migrator.status().await.unwrap().conflicts.is_empty());
    assert!(migrator.up().await.unwrap().done.is_empty());
    let found = conflicts(migrator.down(Back::Steps(2)).await.unwrap_err());
    assert!(matches!(&found[..], [Conflict::DownEdited { version: 3, .. }]), "{found:?}");
    migrator.clone().accepting_edited_downs().down(Back::Steps(2)).await.unwrap();
    assert_eq!(history(&database).await, [1]);
}

#[tokio::test]
async fn a_way_back_that_was_added_later_is_taken() {
    let database = TestDatabase::empty().await;
    migrator(&database, &FILES[..1]).up().await.unwrap();
    migrator(&database, &FILES[..2]).down(Back::Steps(1)).await.unwrap();
    assert!(!has_table(&database, "a").await);
}

#[tokio::test]
async fn only_conflicts_of_what_is_reverted_hinder() {
    let database = TestDatabase::empty().await;
    migrator(&database, &FILES).up().await.unwrap();
    let mut files = FILES.to_vec();
    files[0].1 = "create table a (id bigint);";
    files.push(("V4__d.sql", "commit;"));
    migrator(&database, &files).down(Back::Steps(1)).await.unwrap();
    files[2].1 = "create table b (id bigint);";
    let found = conflicts(migrator(&database, &files).down(Back::Steps(1)).await.unwrap_err());
    assert!(matches!(&found[..], [Conflict::Edited { version: 2, .. }]), "{found:?}");
}

#[tokio::test]
async fn redo_applies_the_newest_again_as_its_file_is_now() {
    let database = TestDatabase::empty().await;
    migrator(&database, &FILES).up().await.unwrap();
    let mut files = FILES;
    files[4].1 = "create table c (id int, note text);";
    files[5].1 = "drop table if exists c;";
    let report = migrator(&database, &files).redo().await.unwrap();
    let way: Vec<_> = report.done.iter().map(|done| (done.migration.version(), done.direction)).collect();
    assert_eq!(way, [(3, Direction::Down), (3, Direction::Up)]);
    let columns = "select count(*) from pg_attribute where attrelid = 'c'::regclass and attnum > 0";
    assert_eq!(count(&database, columns).await, 2);
    assert_eq!(history(&database).await, [1, 2, 3]);
    assert!(migrator(&database, &files).status().await.unwrap().conflicts.is_empty());

    files[4].1 = "create table c (id int); commit; create table d (id int);";
    let found = conflicts(migrator(&database, &files).redo().await.unwrap_err());
    assert!(matches!(&found[..], [Conflict::Unfit { version: 3, .. }]), "{found:?}");
    assert_eq!(history(&database).await, [1, 2, 3]);
}

#[tokio::test]
async fn a_way_back_outside_of_a_transaction_goes_on_where_it_was_stopped() {
    let database = TestDatabase::empty().await;
    let down = outside("drop index concurrently a_idx; select 1/(select count(*) from b); drop table a;");
    let up = outside(
        "create table a (id int); create index concurrently a_idx on a (id); create table b (id int);",
    );
    let migrator = migrator(&database, &[("V1__a.sql", &up), ("V1__a.down.sql", &down)]);
    migrator.up().await.unwrap();
    let error = migrator.down(Back::Steps(1)).await.unwrap_err();
    assert_eq!(error.file().unwrap().stays, Stays::Statements { done: 1, of: 3 });
    assert_eq!(history(&database).await, [1]);
    let hindered = conflicts(migrator.up().await.unwrap_err());
    assert!(
        matches!(&hindered[..], [Conflict::HalfReverted { version: 1, done: 1, of: 3, .. }]),
        "{hindered:?}"
    );

    database.connection().await.batch_execute("insert into b values (1)").await.unwrap();
    migrator.down(Back::Steps(1)).await.unwrap();
    assert_eq!(history(&database).await, [0_i64; 0]);
    assert!(!has_table(&database, "a").await && migrator.status().await.unwrap().conflicts.is_empty());
}
