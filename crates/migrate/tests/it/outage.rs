//! A server or a network that goes away.

use pgkeel_connect::{Config, Executor as _, dial};
use pgkeel_migrate::{Error, Migrations, Migrator, Reason, Report, Stays};
use pgkeel_testkit::{Direction, Proxy, TestCluster, TestDatabase, eventually, scaled};

use crate::progress::Progress;
use crate::{HISTORY, count, history, locks, migrator, outside};

const SLEEPING: &str =
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";

#[tokio::test]
async fn a_server_that_restarts_leaves_whole_files_and_the_rest_follows() {
    for crashes in [false, true] {
        let mut cluster = TestCluster::start().await;
        let migrations = |second: &str| {
            let files = [("V1__a.sql", "create table a (id int);"), ("V2__b.sql", second)];
            Migrator::new(cluster.config(), Migrations::from_static(&files).unwrap())
        };
        let (slow, quick) = (
            migrations("create table b (id int); select pg_sleep(600);"),
            migrations("create table b (id int);"),
        );
        let running = tokio::spawn(async move { slow.up().await });
        let admin = cluster.connection().await;
        eventually("the second file runs", async || {
            let sleeping: i64 = admin.query_scalar(SLEEPING, &[]).await.unwrap();
            (sleeping == 1).then_some(())
        })
        .await;
        if crashes {
            cluster.crash().await;
        } else {
            cluster.stop().await;
        }

        let error = running.await.unwrap().unwrap_err();
        assert!(error.is_disconnected(), "{error:?}");
        let of_file = error.file().unwrap();
        assert_eq!((of_file.file.as_str(), of_file.stays), ("V2__b.sql", Stays::Nothing));
        assert_eq!(error.before(), ["V1__a.sql"]);
        let down = quick.up().await.unwrap_err();
        assert!(matches!(&down, Error::Connect(_)), "{down:?}");

        cluster.start_again().await;
        assert_eq!(quick.up().await.unwrap().done.len(), 1);
        assert!(quick.status().await.unwrap().pending.is_empty());
    }
}

#[tokio::test]
async fn a_server_that_crashes_in_a_file_outside_has_it_go_on_where_it_was() {
    let mut cluster = TestCluster::start().await;
    let migrator = |last: &str| {
        let text = outside(&format!(
            "create table a (id int); insert into a values (1); create index concurrently a_idx on a (id); {last};"
        ));
        let files = [("V1__a.sql", text.as_str())];
        Migrator::new(cluster.config(), Migrations::from_static(&files).unwrap())
    };
    let (slow, quick) = (migrator("select pg_sleep(600)"), migrator("insert into a values (2)"));
    let running = tokio::spawn(async move { slow.up().await });
    let admin = cluster.connection().await;
    eventually("the last statement runs", async || {
        let sleeping: i64 = admin.query_scalar(SLEEPING, &[]).await.unwrap();
        (sleeping == 1).then_some(())
    })
    .await;
    cluster.crash().await;
    let error = running.await.unwrap().unwrap_err();
    assert_eq!(error.file().unwrap().stays, Stays::Statements { done: 3, of: 4 }, "{error:?}");

    cluster.start_again().await;
    let stopped = quick.status().await.unwrap().interrupted;
    assert_eq!((stopped[0].done, stopped[0].is_unsure), (3, true));
    assert_eq!(quick.up().await.unwrap().done.len(), 1);
    let rows = "select array_agg(id order by id) = '{1,2}' from a";
    assert!(cluster.connection().await.query_scalar::<bool>(rows, &[]).await.unwrap());
}

#[tokio::test]
async fn a_connection_that_is_lost_during_commit_leaves_the_outcome_unknown() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    // A constraint trigger that is put off makes COMMIT itself take its time.
    let slow_commit = "create table t (id int);
        create function wait() returns trigger language plpgsql as $$ begin perform pg_sleep(600); return null; end $$;
        create constraint trigger wait after insert on t deferrable initially deferred for each row execute function wait();
        insert into t values (1);";
    let files = [("V1__a.sql", "select 1;"), ("V2__slow.sql", slow_commit)];
    let migrations = Migrations::from_static(&files).unwrap();
    let through = Migrator::new(Config::new(proxy.address()), migrations);
    let running = tokio::spawn(async move { through.up().await });
    eventually("it commits", async || (count(&database, SLEEPING).await == 1).then_some(())).await;
    proxy.cut();

    let error = running.await.unwrap().unwrap_err();
    let of_file = error.file().unwrap();
    assert_eq!((of_file.file.as_str(), of_file.stays), ("V2__slow.sql", Stays::Unknown));
    assert!(matches!(of_file.reason, Reason::OutcomeUnknown(_)), "{error:?}");
    assert_eq!(error.before(), ["V1__a.sql"]);
    eventually("the server has noticed", async || (count(&database, SLEEPING).await == 0).then_some(()))
        .await;
    assert_eq!(history(&database).await, [1]);
}

#[tokio::test]
async fn an_administrator_who_ends_the_session_is_named() {
    let database = TestDatabase::empty().await;
    let migrations = migrator(&database, &[("V1__a.sql", "select pg_sleep(600);")]);
    let running = tokio::spawn(async move { migrations.up().await });
    eventually("the file runs", async || (count(&database, SLEEPING).await == 1).then_some(())).await;
    let admin = dial(&database.config()).await.unwrap();
    let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
               where datname = current_database() and application_name = 'pgkeel-migrate'";
    let ended: i64 = admin.query_scalar(end, &[]).await.unwrap();
    assert_eq!(ended, 1);
    let error = running.await.unwrap().unwrap_err();
    assert_eq!(error.server().unwrap().code().code(), "57P01", "{error:?}");
    assert_eq!(history(&database).await, [0_i64; 0]);
}

/// Of each file the history and the good row of the log, or neither; and nobody is left who holds the lock. How many are there.
async fn is_whole(database: &TestDatabase, files: usize, at: &str) -> usize {
    eventually("the server has noticed", async || (locks(database).await == 0).then_some(())).await;
    let connection = database.connection().await;
    let is_there = "select to_regclass('pgkeel.migration_log') is not null";
    let is_there: bool = connection.query_scalar(is_there, &[]).await.unwrap();
    // Which table is there, and as what history and log know it.
    let known = if is_there {
        format!(
            "exists (select from {HISTORY} as h where h.version = v),
             (select count(*) from pgkeel.migration_log as l where l.version = v and status = 'ok')"
        )
    } else {
        "false, 0::int8".to_owned()
    };
    let look =
        format!("select v, to_regclass('t' || v) is not null, {known} from generate_series(1, {files}) v");
    let mut applied = 0;
    for row in connection.query(&look, &[]).await.unwrap() {
        let (version, is_made, is_applied): (i32, bool, bool) = (row.get(0), row.get(1), row.get(2));
        assert_eq!(is_made, is_applied, "{at}: V{version}");
        assert_eq!(row.get::<_, i64>(3), i64::from(is_applied), "{at}: V{version}");
        applied += usize::from(is_applied);
    }
    applied
}

/// Whether that is what the call has said of them; of one of them it may be that it does not know.
fn is_told(ended: &Result<Report, Error>, applied: usize) -> bool {
    match ended {
        Ok(report) => report.done.len() == applied,
        Err(error) => {
            let told = error.before().len();
            let is_unsure = error.file().is_some_and(|failed| failed.stays == Stays::Unknown);
            applied == told || is_unsure && applied == told + 1
        }
    }
}

#[tokio::test]
async fn wherever_a_flight_is_cut_each_file_is_there_with_its_rows_or_not_at_all() {
    let files = [
        ("V1__a.sql", "create table t1 (id int); insert into t1 values (1);"),
        ("V2__b.sql", "set search_path = nowhere; create table public.t2 (id int);"),
        ("V3__c.sql", "create table t3 (id int);"),
        ("V4__d.sql", "create table t4 (id int);"),
        ("V5__e.sql", "create table t5 (id int);"),
    ];
    let migrations = Migrations::from_static(&files).unwrap();
    let mut progress = Progress::of(2 * scaled(8, 1000), "cuts");
    for direction in [Direction::ToServer, Direction::ToClient] {
        let undisturbed = TestDatabase::empty().await;
        let proxy = Proxy::before(undisturbed.address()).await;
        Migrator::new(Config::new(proxy.address()), migrations.clone()).without_record().up().await.unwrap();
        let (bytes, cuts) = (proxy.passed(direction), scaled(8, 1000));
        for cut in 1..=cuts {
            let database = TestDatabase::empty().await;
            let proxy = Proxy::before(database.address()).await;
            let at = bytes * u64::try_from(cut).unwrap() / u64::try_from(cuts + 1).unwrap();
            proxy.cut_after(direction, at);
            let through = Migrator::new(Config::new(proxy.address()), migrations.clone()).without_record();
            let ended = through.up().await;
            let at = format!("{direction:?} {at} of {bytes}: {ended:?}");
            let applied = is_whole(&database, files.len(), &at).await;
            assert!(is_told(&ended, applied), "{at}: {applied} are there");
            migrator(&database, &files).up().await.unwrap();
            assert_eq!(history(&database).await, [1, 2, 3, 4, 5], "{at}");
            is_whole(&database, files.len(), &at).await;
            progress.add(1);
        }
    }
    println!(
        "outage: connections cut at {} places, each file there whole or not at all",
        2 * scaled(8, 1000)
    );
}
