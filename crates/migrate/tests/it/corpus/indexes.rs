//! Indexes whose concurrent build failed: told, and built again once the rows allow it.

use std::time::Instant;

use pgkeel_connect::Executor as _;
use pgkeel_migrate::cli::Exit;
use pgkeel_testkit::{TestDatabase, scaled};

use super::{applied, corpus};
use crate::progress::Progress;
use crate::times::Times;
use crate::{cli, count, outside};

const FILE: &str = "V900__one_ride_a_moment.sql";
const INVALID: &str = "select count(*) from pg_index where not indisvalid";
const VALID: &str =
    "select count(*) from pg_index where indisvalid and indexrelid = to_regclass('rides.doubled')";

/// A table with the same row twice, among all that the corpus has made.
const DOUBLED: &str =
    "create table rides.double (id int); insert into rides.double select 1 from generate_series(1, 2)";

#[tokio::test]
async fn one_that_failed_on_duplicates_is_told_and_valid_after_the_next_call() {
    let (corpus, mut times) = (corpus().await, Times::default());
    let mut progress = Progress::of(2 * scaled(1, 20), "builds");
    for round in 0..scaled(1, 20) {
        for exists in ["", "if not exists "] {
            let (database, directory) = (applied().await, tempfile::tempdir().unwrap());
            let connection = database.connection().await;
            connection.batch_execute(DOUBLED).await.unwrap();
            for (file, text) in corpus.files() {
                std::fs::write(directory.path().join(file), text).unwrap();
            }
            let text =
                outside(&format!("create unique index concurrently {exists}doubled on rides.double (id);"));
            std::fs::write(directory.path().join(FILE), text).unwrap();
            let typed = async |words: &[&str]| cli::run(Some(&database), directory.path(), words).await;
            let (exit, _, err) = typed(&["up"]).await;
            assert!(exit == Exit::Failed && err.contains("23505"), "round {round}: {err}");
            assert_eq!((count(&database, INVALID).await, count(&database, VALID).await), (1, 0));
            let (_, out, _) = typed(&["doctor"]).await;
            assert!(out.contains("the index rides.doubled of rides.double is not valid"), "{out}");

            connection.batch_execute("delete from rides.double where ctid = '(0,2)'").await.unwrap();
            let begun = Instant::now();
            let (exit, out, err) = typed(&["up"]).await;
            times.add(begun.elapsed());
            assert_eq!(exit, Exit::Done, "round {round}: {out}{err}");
            assert_eq!((count(&database, INVALID).await, count(&database, VALID).await), (0, 1));
            left_by_a_rebuild(&database, &typed).await;
            progress.add(1);
        }
    }
    println!(
        "check 4: {} builds failed on duplicates, half of them of IF NOT EXISTS; each index was told and then valid, {times}; what \
         a rebuild had left was found each time",
        times.len()
    );
}

/// An index whose expression fails by now, so that a rebuild does, too; the index itself stays valid.
const FUSSY: &str = "drop index rides.doubled;
    create function rides.fussy(n int) returns int language sql immutable as 'select n';
    create index doubled on rides.double (rides.fussy(id));
    create or replace function rides.fussy(n int) returns int language sql immutable as 'select n / (n - n)'";

/// Of a rebuild that fails something stays behind, under another name.
async fn left_by_a_rebuild(database: &TestDatabase, typed: &impl AsyncFn(&[&str]) -> (Exit, String, String)) {
    let connection = database.connection().await;
    connection.batch_execute(FUSSY).await.unwrap();
    let rebuilt = connection.batch_execute("reindex index concurrently rides.doubled").await.unwrap_err();
    assert_eq!(rebuilt.server().unwrap().code().code(), "22012");
    assert_eq!((count(database, INVALID).await, count(database, VALID).await), (1, 1));
    let (exit, out, _) = typed(&["doctor"]).await;
    let left = "the index rides.doubled_ccnew of rides.double was left behind by a rebuild that failed";
    assert!(exit == Exit::Differs && out.contains(left), "{out}");
}
