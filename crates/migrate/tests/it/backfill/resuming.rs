//! Backfills that were stopped go on.

use pgkeel_migrate::{Back, Conflict, Error, Event, Reason, Stays, Stop};

use super::{database_of, fill, filled, run};
use crate::{count, history, locks, log, migrator};

#[tokio::test]
async fn whoever_asks_to_stop_ends_it_between_two_batches() {
    let database = database_of(1000).await;
    let stop = Stop::new();
    let files = [
        ("V1__a.sql", "select 1;"),
        ("V1__a.down.sql", "select 1;"),
        ("V2__b.sql", &*fill("batch=100 pause=10min")),
    ];
    let stopping = migrator(&database, &files).with_stop(stop.clone());
    let ended = stopping.up_with(|event| {
        if matches!(event, Event::Backfilling { .. }) {
            stop.request();
        }
    });
    let error = ended.await.unwrap_err();
    assert!(error.is_stopped(), "{error:?}");
    assert!(matches!(error.file().unwrap().stays, Stays::Batches(stays) if stays.rows == 100), "{error:?}");
    assert_eq!((filled(&database).await, locks(&database).await), ((100, 0), 0));
    assert_eq!(log::rows(&database).await.last().unwrap(), "2 up interrupted statements 0/1");

    let files = [files[0], files[1], ("V2__b.sql", &*fill("batch=100 pause=0"))];
    let migrator = migrator(&database, &files);
    let status = migrator.status().await.unwrap();
    assert!(status.interrupted[0].has_batches && status.conflicts.is_empty());
    // As what is above cannot be told.
    let Err(Error::Conflicts { conflicts }) = migrator.down(Back::Steps(1)).await else { panic!() };
    assert!(matches!(&conflicts[..], [Conflict::HalfApplied { version: 2, .. }]), "{conflicts:?}");
    let done = migrator.up().await.unwrap().done[0].backfilled.unwrap();
    assert_eq!((done.rows, filled(&database).await), (900, (1000, 0)));
    assert_eq!(history(&database).await, [1, 2]);
}

#[tokio::test]
async fn a_batch_under_way_is_cancelled_and_rolled_back() {
    let database = database_of(1000).await;
    let stop = Stop::new();
    let text = fill("batch=100 pause=0").replace(
        "set n = id,",
        "set n = id + coalesce(length(pg_sleep(case when id = 250 then 600 else 0 end)::text), 0),",
    );
    let stopping = migrator(&database, &[("V1__a.sql", &text)]).with_stop(stop.clone());
    let running = tokio::spawn(async move { stopping.up().await });
    pgkeel_testkit::eventually("it sleeps in its third batch", async || {
        let sleeps = "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";
        (count(&database, sleeps).await == 1).then_some(())
    })
    .await;
    stop.request();
    let error = running.await.unwrap().unwrap_err();
    assert!(
        error.is_stopped()
            && matches!(error.file().unwrap().stays, Stays::Batches(stays) if stays.rows == 200),
        "{error:?}"
    );
    assert_eq!((filled(&database).await, locks(&database).await), ((200, 0), 0));
}

#[tokio::test]
async fn a_precheck_is_for_the_beginning() {
    let database = database_of(300).await;
    let precheck = "-- pgkeel: precheck=\"select not exists (select from t where n is not null)\"";
    let text = |most: u32| format!("{precheck}\n{}", fill(&format!("batch=100 pause=0 max_batches={most}")));
    let error = migrator(&database, &[("V1__a.sql", &text(1))]).up().await.unwrap_err();
    assert!(matches!(error.file().unwrap().reason, Reason::Unending { batches: 1 }), "{error:?}");
    migrator(&database, &[("V1__a.sql", &text(9))]).up().await.unwrap();
    assert_eq!(filled(&database).await, (300, 0));

    run(&database, "delete from pgkeel.refinery_schema_history; delete from pgkeel.migration_log").await;
    let again = migrator(&database, &[("V1__a.sql", &text(9))]);
    for error in [again.up().await.unwrap_err(), again.up().await.unwrap_err()] {
        assert!(matches!(error.file().unwrap().reason, Reason::Precheck { .. }), "{error:?}");
        assert!(!again.status().await.unwrap().interrupted[0].has_batches);
    }
}

#[tokio::test]
async fn somebody_may_say_that_it_is_done_or_not_begun() {
    for (statement, rows) in [(1, 300), (2, 100)] {
        let database = database_of(300).await;
        let files = |most: &str| fill(&format!("batch=100 pause=0 {most}"));
        migrator(&database, &[("V1__a.sql", &files("max_batches=1"))]).up().await.unwrap_err();
        let migrator = migrator(&database, &[("V1__a.sql", &files(""))]);
        migrator.continue_at(1, statement).await.unwrap();
        assert!(!migrator.status().await.unwrap().interrupted[0].has_batches);
        migrator.up().await.unwrap();
        assert_eq!((filled(&database).await.0, history(&database).await), (rows, vec![1]));
    }
}

#[tokio::test]
async fn what_has_to_hold_behind_it_is_asked_at_the_end_and_repeats_it_if_not() {
    let database = database_of(300).await;
    let text = fill("batch=100 pause=0")
        .replace("where n is null", "where n is null and (id <> 7 or to_regclass('ready') is not null)");
    let files =
        [("V1__a.sql", &*text), ("V1__a.verify.sql", "select not exists (select from t where n is null);")];
    let migrator = migrator(&database, &files);
    for stays in [299, 0] {
        let error = migrator.up().await.unwrap_err();
        let failed = error.file().unwrap();
        assert!(matches!(failed.reason, Reason::Unverified { .. }), "{error:?}");
        assert!(matches!(failed.stays, Stays::Batches(so_far) if so_far.rows == stays), "{error:?}");
    }
    run(&database, "create table ready ()").await;
    migrator.up().await.unwrap();
    assert_eq!((filled(&database).await, history(&database).await), ((300, 0), vec![1]));
}

#[tokio::test]
async fn a_way_back_in_batches_that_was_stopped_goes_on_before_anything_goes_forward() {
    let database = database_of(300).await;
    let down = |most: &str| {
        format!(
            "-- pgkeel: backfill batch=100 pause=0 {most}
             update t set n = null where id in (select id from t where n is not null limit current_setting('pgkeel.batch')::bigint)"
        )
    };
    let (up, first, second) = (fill("batch=100 pause=0"), down("max_batches=1"), down("max_batches=9"));
    let files = |down| [("V1__a.sql", &*up), ("V1__a.down.sql", down)];
    migrator(&database, &files(&second)).up().await.unwrap();
    let error =
        migrator(&database, &files(&first)).accepting_edited_downs().down(Back::Steps(1)).await.unwrap_err();
    assert!(matches!(error.file().unwrap().stays, Stays::Batches(so_far) if so_far.rows == 100), "{error:?}");
    let migrator = migrator(&database, &files(&second));
    let Err(Error::Conflicts { conflicts }) = migrator.up().await else { panic!() };
    assert!(matches!(&conflicts[..], [Conflict::HalfReverted { version: 1, .. }]), "{conflicts:?}");
    let told = "V1__a.down.sql is reverted in part, some of its batches; migrate down goes on with it";
    assert_eq!(conflicts[0].to_string(), told);
    let report = migrator.down(Back::Steps(1)).await.unwrap();
    assert_eq!(report.done[0].backfilled.unwrap().rows, 200);
    assert_eq!(count(&database, "select count(*) from t where n is null").await, 300);
    assert_eq!(migrator.up().await.unwrap().done.len(), 1);
    assert_eq!(migrator.redo().await.unwrap().done.len(), 2);
    assert_eq!(count(&database, "select count(*) from t where times = 3").await, 300);
}
