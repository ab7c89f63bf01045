//! What is refused before anything runs.

use pgkeel_migrate::{Conflict, DryRun, Error, Migrations, UnfitReason};
use pgkeel_testkit::TestDatabase;

use super::{database_of, fill, filled};
use crate::{has_table, migrator};

#[tokio::test]
async fn a_file_that_is_no_backfill_is_refused_with_the_line() {
    let database = TestDatabase::empty().await;
    let limit = "limit current_setting('pgkeel.batch')::bigint";
    for (sql, line, reason) in [
        ("create table t (id int);".to_owned(), 2, UnfitReason::NotBackfill),
        (
            format!(
                "update t set n = 1\nwhere id in (select id from t where n is null {limit});\nalter table t add m int;"
            ),
            4,
            UnfitReason::NotBackfill,
        ),
        ("\nupdate t set n = 1 where n is null;".to_owned(), 3, UnfitReason::Unlimited),
        (format!("update t set n = 1 where id in (select id from t {limit});"), 2, UnfitReason::Unending),
        (
            format!(
                "update t set n = 1 where id in (select id from t where n is null {limit} for update skip locked);"
            ),
            2,
            UnfitReason::SkipsLocked,
        ),
        (
            format!("merge into t using (select 1 {limit}) x on true when matched then delete;"),
            2,
            UnfitReason::NotBackfill,
        ),
    ] {
        let files =
            [("V1__a.sql", "create table a ();"), ("V2__b.sql", &*format!("-- pgkeel: backfill\n{sql}"))];
        let Err(Error::Conflicts { conflicts }) = migrator(&database, &files).up().await else {
            panic!("{sql}")
        };
        let [Conflict::Unfit { file, unfit, .. }] = &conflicts[..] else { panic!("{conflicts:?}") };
        assert_eq!((file.as_str(), unfit.at.line, unfit.reason), ("V2__b.sql", line, reason), "{sql}");
    }
    assert!(!has_table(&database, "a").await);
}

#[tokio::test]
async fn a_mistake_in_it_is_told_with_its_place() {
    let database = database_of(10).await;
    let text = fill("").replace("n is null", "no_column is null");
    let error = migrator(&database, &[("V1__a.sql", &text)]).up().await.unwrap_err();
    let column = text.lines().nth(2).unwrap().find("no_column").unwrap() + 1;
    assert!(error.to_string().starts_with(&format!("V1__a.sql:3:{column}: ")), "{error}");
    assert!(error.to_string().contains("; no row was changed, and the next call goes on with it"), "{error}");
}

#[tokio::test]
async fn all_rows_in_batches_are_all_rows() {
    let database = database_of(10).await;
    let delete =
        "delete from only t where id in (select id from t limit current_setting('pgkeel.batch')::bigint)";
    let refused = format!("-- pgkeel: backfill\n{delete}");
    let Err(Error::Destructive { statements }) = migrator(&database, &[("V1__a.sql", &refused)]).up().await
    else {
        panic!()
    };
    assert_eq!(
        statements[0].to_string(),
        "V1__a.sql:2:1: DELETE FROM t in batches without WHERE: every row is lost"
    );
    let accepted = format!("-- pgkeel: backfill destructive=accepted\n{delete}");
    migrator(&database, &[("V1__a.sql", &accepted)]).up().await.unwrap();
}

#[tokio::test]
async fn it_cannot_be_tried_by_rollback_but_in_a_shadow() {
    let database = database_of(10).await;
    let text = fill("batch=3 pause=0");
    let table = "create table if not exists t (id int primary key, n int, times int default 0); insert into t select generate_series(101, 110);";
    let migrator = migrator(&database, &[("V1__a.sql", table), ("V2__b.sql", &text)]);
    let refused = migrator.clone().with_dry_run(DryRun::Rollback).up().await;
    assert!(
        matches!(&refused, Err(Error::CannotRehearse { file, .. }) if file == "V2__b.sql"),
        "{refused:?}"
    );
    let tried = migrator.with_dry_run(DryRun::Shadow).up().await.unwrap();
    assert_eq!(tried.done[1].backfilled.unwrap().batches, 4);
    assert_eq!(filled(&database).await, (0, 0));
}

#[test]
fn it_is_a_versioned_file() {
    let text = fill("");
    for file in ["R__a.sql", "B1__a.sql", "after_run.sql"] {
        let error = Migrations::from_static(&[(file, &*text)]).unwrap_err().to_string();
        assert!(error.contains(&format!("{file} says backfill, but")), "{error}");
    }
}
