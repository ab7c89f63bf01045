//! Tenants that are being worked on when somebody asks to stop.

use pgkeel_migrate::cli::{self, Exit};
use pgkeel_migrate::{Migrations, Migrator, Squasher, Stop};
use pgkeel_testkit::{TestDatabase, eventually};

use super::{execute, history, tenant};
use crate::count;

const TABLE: &str =
    "create table t (id int primary key, n int); insert into t (id) select generate_series(1, 300);";

/// Where there is a table `hold` its second batch does not end.
const FILL: &str = "-- pgkeel: backfill batch=100 pause=0
update t set n = 1 where id in (select id from t where n is null order by id limit current_setting('pgkeel.batch')::bigint)
    and (to_regclass('hold') is null or id <= 100 or pg_sleep(600) is null);";

async fn sleepers(database: &TestDatabase) -> i64 {
    let sql =
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";
    count(database, sql).await
}

#[tokio::test]
async fn each_that_is_under_way_ends_in_its_own_way_and_goes_on_another_time() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let files = [("V1__t.sql", TABLE), ("V2__fill.sql", FILL)];
    let squasher = Squasher::new(database.config(), Migrations::from_static(&files).unwrap());
    let checkpoint = squasher.squash(2).await.unwrap().text().to_owned();
    let write = |file: &str, text: &str| std::fs::write(directory.path().join(file), text).unwrap();
    for (file, text) in files {
        write(file, text);
    }
    write("B2__checkpoint.sql", &format!("{checkpoint}select pg_sleep(600);\n"));
    let first = Migrations::from_static(&files[..1]).unwrap();
    Migrator::new(database.config(), first).in_schema(&tenant("t_a")).up().await.unwrap();
    execute(&database, "create table t_a.hold (); create schema t_b; create schema t_c").await;

    let directory = directory.path().to_str().unwrap();
    let words = ["migrate", "up", "--each-schema", "t_?", "--jobs", "2", "--dir", directory];
    let matches = cli::command().get_matches_from(words);
    let up = async |stop: Stop| {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let connect = async || Ok::<_, ()>(database.config());
        let exit = cli::run_into(&matches, connect, stop, &mut out, &mut err).await.unwrap();
        (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    };
    let stop = Stop::new();
    let stopping = async {
        eventually("both are in their files", async || (sleepers(&database).await == 2).then_some(())).await;
        stop.request();
    };
    let ((exit, out, err), ()) = futures_util::future::join(up(stop.clone()), stopping).await;
    assert_eq!((exit, out.as_str()), (Exit::Failed, "3 schemas: 0 well, 2 failed, 1 not begun\n"), "{err}");
    for part in [
        "migrate: t_a: V2__fill.sql:2:1: it was stopped; 100 rows in 1 batch stay, and the next call goes on with the rest",
        "next: migrate up --schema t_a\n",
        "migrate: t_b: B2__checkpoint.sql:",
        "next: migrate up --schema t_b\n",
    ] {
        assert!(err.contains(part), "{part}: {err}");
    }
    assert_eq!(sleepers(&database).await, 0);
    assert_eq!(count(&database, "select count(n) from t_a.t").await, 100);
    let made = "select count(*) from pg_class where relname = 't' and relnamespace::regnamespace::text in ('t_b', 't_c')";
    assert_eq!(count(&database, made).await, 0);
    assert_eq!(history(&database, &tenant("t_a")).await, [1]);
    assert_eq!(crate::locks(&database).await, 0);

    execute(&database, "drop table t_a.hold").await;
    write("B2__checkpoint.sql", &checkpoint);
    let (exit, out, err) = up(Stop::new()).await;
    assert!(exit == Exit::Done && out.ends_with("3 schemas: 3 well, 3 of them changed\n"), "{out}{err}");
    for schema in ["t_a", "t_b", "t_c"] {
        assert_eq!(history(&database, &tenant(schema)).await, [1, 2], "{schema}");
        assert_eq!(count(&database, &format!("select count(n) from {schema}.t")).await, 300);
    }
}
