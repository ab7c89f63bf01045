//! Files whose statements run one by one.

use std::time::Duration;

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Back, Conflict, Error, Event, Reason, Stays};
use pgkeel_testkit::{TestDatabase, eventually};

use crate::{count, has_table, history, log, migrator, outside};

const INVALID: &str = "select count(*) from pg_index where not indisvalid";

async fn run(database: &TestDatabase, sql: &str) {
    database.connection().await.batch_execute(sql).await.unwrap();
}

#[tokio::test]
async fn what_cannot_run_in_a_transaction_runs() {
    let database = TestDatabase::empty().await;
    let text = outside(
        "create table t (id int); insert into t values (1);
         create unique index concurrently t_idx on t (id); reindex index concurrently t_idx; vacuum t;
         create procedure p() language plpgsql as $$ begin insert into t values (2); commit; insert into t values (3); end $$;
         call p(); do $$ begin insert into t values (4); commit; end $$; drop index concurrently t_idx;
         create table part (id int) partition by list (id); create index part_idx on part (id); reindex index part_idx;",
    );
    let report = migrator(&database, &[("V1__a.sql", &text)]).up().await.unwrap();
    assert!(report.done[0].outside_transaction && report.done[0].statements == 12);
    assert_eq!(count(&database, "select count(*) from t").await, 4);
    assert_eq!(history(&database).await, [1]);
}

#[tokio::test]
async fn an_index_that_failed_is_dropped_and_built_again() {
    for exists in ["", "if not exists "] {
        let database = TestDatabase::empty().await;
        run(&database, "create table t (id int); insert into t values (1), (1)").await;
        let text = outside(&format!("create unique index concurrently {exists}\"T idx\" on t (id);"));
        let migrator = migrator(&database, &[("V1__a.sql", &text)]);
        let error = migrator.up().await.unwrap_err();
        let failed = error.file().unwrap();
        assert_eq!(
            (error.server().unwrap().code().code(), failed.stays),
            ("23505", Stays::Statements { done: 0, of: 1 })
        );
        assert_eq!(failed.at.unwrap().line, 2);
        assert_eq!(count(&database, INVALID).await, 1);

        run(&database, "delete from t").await;
        let mut repaired = Vec::new();
        let observe = |event: Event<'_>| {
            if let Event::Repairing { index, .. } = event {
                repaired.push(index.to_owned());
            }
        };
        migrator.up_with(observe).await.unwrap();
        assert_eq!(repaired, ["public.\"T idx\""]);
        let valid = "select count(*) from pg_index where indisvalid and indrelid = 't'::regclass";
        assert_eq!((count(&database, INVALID).await, count(&database, valid).await), (0, 1));
    }
}

#[tokio::test]
async fn an_index_that_was_there_already_is_held_against_the_statement() {
    let database = TestDatabase::empty().await;
    run(&database, "create table t (id int, note text); create index t_idx on t (id)").await;
    let with = |definition: &str| {
        let text = outside(&format!("create index concurrently if not exists t_idx on t {definition};"));
        migrator(&database, &[("V1__a.sql", &text)])
    };
    for other in ["(note)", "using hash (id)", "(id) where note is null", "(id desc)", "(id) include (note)"]
    {
        let error = with(other).up().await.unwrap_err();
        let is_other = matches!(&error.file().unwrap().reason, Reason::IndexDiffers { index } if index == "public.t_idx");
        assert!(is_other, "{other}: {error:?}");
    }
    with("using btree (\n  id asc nulls last -- as it is\n)").up().await.unwrap();
    assert_eq!(history(&database).await, [1]);
}

#[tokio::test]
async fn copies_that_a_rebuild_has_left_are_dropped() {
    let database = TestDatabase::empty().await;
    run(
        &database,
        "create table t (id int); create index t_idx on t (id); create index t_idx_ccnew on t (id);
                    update pg_index set indisvalid = false where indexrelid = 't_idx_ccnew'::regclass",
    )
    .await;
    let text = outside("reindex (verbose) index concurrently t_idx;");
    migrator(&database, &[("V1__a.sql", &text)]).up().await.unwrap();
    assert!(!has_table(&database, "t_idx_ccnew").await && has_table(&database, "t_idx").await);
}

#[tokio::test]
async fn a_file_that_was_stopped_goes_on_with_the_statement_that_failed() {
    let database = TestDatabase::empty().await;
    let text = outside(
        "create schema s; set search_path = s; create table t (id int); insert into t values (1);
         insert into t select 1/0; insert into t values (3);",
    );
    let error = migrator(&database, &[("V1__a.sql", &text)]).up().await.unwrap_err();
    assert!(
        error.to_string().contains("; 4 of its 6 statements stay, and the next call goes on with the 5th"),
        "{error}"
    );
    let stopped = migrator(&database, &[("V1__a.sql", &text)]).status().await.unwrap().interrupted;
    assert_eq!((stopped[0].done, stopped[0].of), (4, 6));
    // What was set is set again, and what has run does not run again.
    let mended = text.replace("1/0", "2");
    migrator(&database, &[("V1__a.sql", &mended)]).up().await.unwrap();
    assert_eq!(count(&database, "select sum(id) from s.t").await, 6);
}

#[tokio::test]
async fn a_file_whose_beginning_was_edited_waits_for_somebody_to_say_how_it_goes_on() {
    let database = TestDatabase::empty().await;
    let text = outside("create table a (id int); create table b (id int); select 1/0;");
    migrator(&database, &[("V1__a.sql", &text)]).up().await.unwrap_err();
    let edited = outside("create table a (id bigint); create table b (id int); create table c (id int);");
    let migrator = migrator(&database, &[("V1__a.sql", &edited)]);
    for error in [migrator.up().await.unwrap_err(), migrator.up().await.unwrap_err()] {
        let Error::Conflicts { conflicts } = &error else { panic!("{error:?}") };
        assert!(matches!(
            &conflicts[..],
            [Conflict::CannotResume { version: 1, done: 2, of: 3, now: 3, .. }]
        ));
        assert!(error.to_string().contains("migrate repair 1 --continue-at N"), "{error}");
    }
    for (version, statement, why) in [
        (2, 1, "it does not stand between two statements"),
        (1, 0, "it has 3, so it goes on with one of 1 to 4"),
        (1, 5, "it has 3, so it goes on with one of 1 to 4"),
    ] {
        let refused = migrator.continue_at(version, statement).await.unwrap_err();
        assert!(
            matches!(refused, Error::NothingToRepair { .. }) && refused.to_string().contains(why),
            "{refused}"
        );
    }
    migrator.continue_at(1, 3).await.unwrap();
    migrator.up().await.unwrap();
    assert!(has_table(&database, "c").await);
    assert_eq!(
        log::rows(&database).await[4..6],
        ["1 up interrupted statements 2/3", "1 up running statements 2/3"]
    );
}

#[tokio::test]
async fn what_is_applied_in_part_is_not_passed_over_on_the_way_back() {
    let database = TestDatabase::empty().await;
    let text = outside("create table b (id int); select 1/0;");
    let files = [("V1__a.sql", "select 1;"), ("V1__a.down.sql", "select 1;"), ("V2__b.sql", &text)];
    let migrator = migrator(&database, &files);
    migrator.up().await.unwrap_err();
    let Err(Error::Conflicts { conflicts }) = migrator.down(Back::Steps(1)).await else { panic!() };
    assert!(
        matches!(&conflicts[..], [Conflict::HalfApplied { version: 2, done: 1, of: 2, .. }]),
        "{conflicts:?}"
    );
    run(&database, "drop table b").await;
    migrator.continue_at(2, 1).await.unwrap();
    migrator.down(Back::Steps(1)).await.unwrap();
    assert_eq!(history(&database).await, [0_i64; 0]);
}

#[tokio::test]
async fn a_statement_that_ran_and_could_not_say_so_is_not_run_again() {
    let database = TestDatabase::empty().await;
    // As a crash right behind the statement leaves it: the index is there, the log knows nothing of it.
    run(&database, "create table t (id int)").await;
    let text =
        outside("create index concurrently t_idx on t (id); drop index concurrently gone; select 1/0;");
    let migrator = migrator(&database, &[("V1__a.sql", &text)]);
    migrator.up().await.unwrap_err();
    assert_eq!(migrator.status().await.unwrap().interrupted[0].done, 1);
    run(&database, "create table oid_before as select 't_idx'::regclass::oid as oid").await;
    for (lost, done) in [("statements_done > 0", 1), ("status = 'interrupted' and statements_done > 0", 2)] {
        run(&database, &format!("delete from pgkeel.migration_log where {lost}")).await;
        assert!(migrator.status().await.unwrap().interrupted[0].is_unsure);
        migrator.up().await.unwrap_err();
        let stopped = migrator.status().await.unwrap().interrupted;
        assert_eq!((stopped[0].done, stopped[0].is_unsure), (done, false));
    }
    assert_eq!(count(&database, "select count(*) from oid_before where oid = 't_idx'::regclass").await, 1);
}

#[tokio::test]
async fn a_file_between_two_statements_is_running_while_somebody_is_at_it() {
    let database = TestDatabase::empty().await;
    let text = outside("select 1; select pg_sleep(600);");
    let migrator = migrator(&database, &[("V1__a.sql", &text)]);
    let running = {
        let migrator = migrator.clone();
        tokio::spawn(async move { migrator.up().await })
    };
    eventually("the second statement runs", async || {
        (count(&database, "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()").await == 1).then_some(())
    })
    .await;
    let status = migrator.status().await.unwrap();
    assert_eq!(
        (status.interrupted.len(), status.holder.unwrap().application_name.as_str()),
        (0, "pgkeel-migrate")
    );
    running.abort();
    eventually("the server has noticed", async || {
        let status = migrator.status().await.unwrap();
        status.holder.is_none().then(|| assert_eq!(status.interrupted[0].done, 1))
    })
    .await;
}

#[tokio::test]
async fn while_an_index_is_built_one_can_see_how_far_it_is() {
    let database = TestDatabase::empty().await;
    let reader = database.connection().await;
    reader.batch_execute("create table t (id int)").await.unwrap();
    reader.batch_execute("begin isolation level repeatable read; select 1 from t").await.unwrap();
    let text = outside("create index concurrently t_idx on t (id);");
    let migrator = migrator(&database, &[("V1__a.sql", &text)]).with_lock_timeout(Duration::from_mins(10));
    let (told, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let running = tokio::spawn(async move {
        let observe = |event: Event<'_>| {
            let _ = match event {
                Event::Building { progress, .. } => told.send(progress.phase.clone()),
                Event::Blocked { blockers, .. } => {
                    told.send(format!("{} {}", blockers[0].pid, blockers[0].words))
                }
                _ => Ok(()),
            };
        };
        migrator.up_with(observe).await
    });
    let mut phases = Vec::new();
    while phases.len() < 2 {
        phases.push(seen.recv().await.unwrap());
    }
    phases.sort();
    let pid = reader.backend_pid().unwrap();
    assert!(
        phases.contains(&format!("{pid} begin isolation level repeatable"))
            || phases.contains(&format!("{pid} select from t")),
        "{phases:?}"
    );
    assert!(phases.iter().any(|phase| phase.starts_with("waiting for")), "{phases:?}");
    reader.batch_execute("rollback").await.unwrap();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_it_asks_first_and_what_commit_calls_are_of_its_role() {
    let database = TestDatabase::empty().await;
    let role = format!("owner_of_{}", database.address().database());
    run(
        &database,
        &format!(
            "create role {role}; create table t (id int); create table seen (who text);
             grant insert on t to {role}; grant insert on seen to {role};
             create function see() returns trigger language plpgsql as
                 $$ begin insert into seen values (current_user); return null; end $$;
             create constraint trigger late after insert on t deferrable initially deferred
                 for each row execute function see()"
        ),
    )
    .await;
    let first = format!("-- pgkeel: role={role} precheck=\"select current_user = '{role}'\"\n");
    let text = format!("{first}{}", outside("insert into t values (1); insert into t values (2);"));
    migrator(&database, &[("V1__a.sql", &text)]).up().await.unwrap();
    assert_eq!(count(&database, &format!("select count(*) from seen where who = '{role}'")).await, 2);
    let logged = "select count(*) from pgkeel.migration_log where current_user_name = session_user_name";
    assert_eq!(count(&database, logged).await, 4);
    run(&database, &format!("drop owned by {role}; drop role {role}")).await;
}
