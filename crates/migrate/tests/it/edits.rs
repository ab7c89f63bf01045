//! Files that were edited after they were applied.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Conflict, Error};
use pgkeel_testkit::TestDatabase;

use crate::migrator;

const FILE: &str = "V1__a.sql";
const TEXT: &str = "create table a (id int);\ninsert into a values (1);\n";

#[tokio::test]
async fn what_the_server_does_not_see_may_change() {
    let database = TestDatabase::empty().await;
    migrator(&database, &[(FILE, TEXT)]).up().await.unwrap();
    let crlf = TEXT.replace('\n', "\r\n");
    for (text, is_told) in [
        (crlf.as_str(), false),
        ("\u{feff}create table a (id int);\ninsert into a values (1);", false),
        ("-- why\ncreate table a (id int);\n\n\ninsert into a /* one */ values (1)", true),
        ("create table a(\n  id int\n);\ninsert into a values(1);", true),
    ] {
        let migrator = migrator(&database, &[(FILE, text), ("V2__b.sql", "select 1;")]);
        let status = migrator.status().await.unwrap();
        assert_eq!((status.conflicts.len(), status.cosmetic.len() == 1), (0, is_told), "{text:?}");
        assert_eq!(status.pending.len(), 1);
    }
    let commented = format!("-- why\n{TEXT}");
    assert_eq!(
        migrator(&database, &[(FILE, &commented), ("V2__b.sql", "select 1;")]).up().await.unwrap().done.len(),
        1
    );
}

#[tokio::test]
async fn what_the_server_sees_or_how_it_is_run_may_not_change() {
    let database = TestDatabase::empty().await;
    let text = "create table a (id int, note text default 'a  b');\ndo $$ begin perform 1; end $$;";
    migrator(&database, &[(FILE, text)]).up().await.unwrap();
    for edited in [
        text.replace("'a  b'", "'a b'"),
        text.replace("perform 1;", "perform 1; -- why"),
        text.replace("id int", "id bigint"),
        format!("-- pgkeel: lock_timeout=1s\n{text}"),
        format!("{text};\nselect 1"),
    ] {
        let Err(Error::Conflicts { conflicts }) = migrator(&database, &[(FILE, &edited)]).up().await else {
            panic!("{edited}")
        };
        assert!(matches!(&conflicts[..], [Conflict::Edited { version: 1, .. }]), "{conflicts:?}");
    }
}

#[tokio::test]
async fn without_a_log_only_the_text_itself_counts() {
    let database = TestDatabase::empty().await;
    migrator(&database, &[(FILE, TEXT)]).up().await.unwrap();
    database.connection().await.batch_execute("drop table pgkeel.migration_log").await.unwrap();
    assert!(migrator(&database, &[(FILE, TEXT)]).status().await.unwrap().conflicts.is_empty());
    let commented = format!("-- why\n{TEXT}");
    assert_eq!(migrator(&database, &[(FILE, &commented)]).status().await.unwrap().conflicts.len(), 1);
    // The table comes back with the next file.
    migrator(&database, &[(FILE, TEXT), ("V2__b.sql", "select 1;")]).up().await.unwrap();
}
