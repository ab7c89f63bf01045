//! A pooler in between.

use pgkeel_connect::{Address, Config, Executor as _};
use pgkeel_migrate::{
    Code, Error, Gate, Migrations, Migrator, Readiness, SchemaCheck, Squasher, Stays, Stop, Target,
    Unsuitable, cli,
};
use pgkeel_testkit::{Bouncer, TestDatabase, scaled};

use crate::progress::Progress;

const FILES: [(&str, &str); 2] = [
    ("V1__a.sql", "create table a (id int);"),
    ("V2__b.sql", "-- pgkeel: transaction=off\ncreate index concurrently a_idx on a (id);"),
];

/// Schemas that were made, and advisory locks that are held.
const LEFT: &str = "select (select count(*) from pg_namespace where nspname = 'pgkeel')
    + (select count(*) from pg_locks l join pg_database d on d.oid = l.database
        where locktype = 'advisory' and datname = current_database())";

async fn before(database: &TestDatabase, mode: &str, size: usize, besides: &[(&str, &str)]) -> Bouncer {
    let size = size.to_string();
    let settings = [&[("default_pool_size", size.as_str())], besides].concat();
    Bouncer::before(database.address(), mode, &settings).await
}

fn migrator(bouncer: &Bouncer, files: &[(&str, &str)]) -> Migrator {
    Migrator::new(Config::new(bouncer.address().clone()), Migrations::from_static(files).unwrap())
}

async fn count(database: &TestDatabase, sql: &str) -> i64 {
    database.connection().await.query_scalar(sql, &[]).await.unwrap()
}

/// Has the pooler keep so many free sessions.
async fn fill(bouncer: &Bouncer, sessions: usize) {
    let config = Config::new(bouncer.address().clone());
    let mut clients = Vec::new();
    for _ in 0..sessions {
        let client = pgkeel_connect::dial(&config).await.unwrap();
        client.batch_execute("begin").await.unwrap();
        clients.push(client);
    }
    for client in &clients {
        client.batch_execute("rollback").await.unwrap();
    }
}

#[tokio::test]
async fn one_that_gives_sessions_to_transactions_is_refused_before_anything_is_written() {
    let (mut refused, mut progress) = (0, Progress::of(6 * scaled(3, 50), "refusals"));
    for size in [1, 2, 20] {
        for round_robin in ["0", "1"] {
            let database = TestDatabase::empty().await;
            let bouncer =
                before(&database, "transaction", size, &[("server_round_robin", round_robin)]).await;
            fill(&bouncer, size).await;
            let migrator = migrator(&bouncer, &FILES);
            for time in 0..scaled(3, 50) {
                let refused = migrator.up().await;
                assert!(
                    matches!(refused, Err(Error::Unsuitable { reason: Unsuitable::Pooler })),
                    "{size} {round_robin} {time}: {refused:?}"
                );
                progress.add(1);
            }
            assert_eq!(count(&database, LEFT).await, 0);
            assert_eq!(migrator.status().await.unwrap().pending.len(), 2);
            refused += scaled(3, 50);
        }
    }
    println!("check 3: {refused} times refused before any write, over pools of 1, 2 and 20 sessions");
}

#[tokio::test]
async fn one_that_gives_each_client_a_session_will_do() {
    let rounds = scaled(1, 50);
    let mut progress = Progress::of(3 * rounds, "databases behind a pooler of sessions");
    for size in [1, 2, 20] {
        for _ in 0..rounds {
            let database = TestDatabase::empty().await;
            let bouncer = before(&database, "session", size, &[]).await;
            let migrator = migrator(&bouncer, &FILES);
            assert_eq!(migrator.up().await.unwrap().done.len(), 2, "{size}");
            assert!(migrator.status().await.unwrap().pending.is_empty());
            progress.add(1);
        }
    }
    println!("check 3: {} databases migrated through a pooler that gives each client a session", 3 * rounds);
}

#[tokio::test]
async fn on_the_command_line_it_is_exit_code_10_before_anything_is_written() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let bouncer = before(&database, "transaction", 2, &[]).await;
    std::fs::write(directory.path().join("V1__a.sql"), FILES[0].1).unwrap();
    for (words, code) in [(&["up"][..], 10), (&["up", "--pooler-safe"], 0)] {
        assert_eq!(count(&database, LEFT).await, 0);
        let words = [&["migrate"], words, &["--dir", directory.path().to_str().unwrap()]].concat();
        let matches = cli::command().try_get_matches_from(words).unwrap();
        let connect = async || Ok::<_, ()>(Config::new(bouncer.address().clone()));
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exit = cli::run_into(&matches, connect, Stop::new(), &mut out, &mut err).await.unwrap();
        assert_eq!(exit as u8, code, "{}", String::from_utf8_lossy(&err));
    }
    println!("check 3: exit code 10 on the command line and nothing written, 0 with --pooler-safe");
}

/// As many as are in a race.
const RACERS: usize = 8;

/// Files in which a second run would be seen, and which leave what they can in the session.
fn race() -> Vec<(String, String)> {
    let file = |number: usize| {
        let text = format!(
            "create table t{number} (id int); set search_path = nowhere; set pgkeel.mark = '{number}';
             create temp table left_over (id int); insert into public.runs values ({number});"
        );
        (format!("V{}__t.sql", number + 1), text)
    };
    let first = ("V1__runs.sql".to_owned(), "create table runs (number int);".to_owned());
    [vec![first], (1..10).map(file).collect()].concat()
}

#[tokio::test]
async fn with_pooler_safety_racers_apply_each_file_once_and_leave_nothing_on_its_sessions() {
    let files = race();
    let files: Vec<(&str, &str)> = files.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
    let (mut races, mut progress) = (0, Progress::of(3 * scaled(1, 20), "races"));
    for size in [2, 5, 20] {
        for _ in 0..scaled(1, 20) {
            let database = TestDatabase::empty().await;
            let bouncer = before(&database, "transaction", size, &[]).await;
            let migrator = migrator(&bouncer, &files).safe_for_poolers();
            let started: Vec<_> = (0..RACERS)
                .map(|_| {
                    let migrator = migrator.clone();
                    tokio::spawn(async move { migrator.up().await })
                })
                .collect();
            let mut done = 0;
            for racer in started {
                done += racer.await.unwrap().unwrap().done.len();
            }
            assert_eq!(done, files.len(), "{size}");
            assert_eq!(count(&database, "select count(*) - count(distinct number) from runs").await, 0);
            assert_eq!(count(&database, "select count(*) from pgkeel.refinery_schema_history").await, 10);
            let logged = "select count(*) from pgkeel.migration_log where status = 'ok'";
            assert_eq!(count(&database, logged).await, 10);
            let locks = "select count(*) from pg_locks where locktype = 'advisory'
                and database = (select oid from pg_database where datname = current_database())";
            assert_eq!(count(&database, locks).await, 0);
            nothing_is_left(&bouncer, size).await;
            let gate =
                Gate::new(Config::new(bouncer.address().clone()), Migrations::from_static(&files).unwrap());
            let ready = gate.check().await.unwrap();
            assert!(matches!(ready, Readiness::Ready { schema: SchemaCheck::AsExpected, .. }), "{ready:?}");
            races += 1;
            progress.add(1);
        }
    }
    println!(
        "check 3: {races} races of {RACERS} with pooler safety, each file applied once, nothing left on any session"
    );
}

/// Looks at all sessions that the pooler keeps.
async fn nothing_is_left(bouncer: &Bouncer, sessions: usize) {
    let config = Config::new(bouncer.address().clone());
    let mut clients = Vec::new();
    for _ in 0..sessions {
        let client = pgkeel_connect::dial(&config).await.unwrap();
        client.batch_execute("begin").await.unwrap();
        let left = "select concat(to_regclass('pg_temp.left_over'), nullif(current_setting('pgkeel.mark', true), ''),
            nullif(current_setting('search_path'), '\"$user\", public'), nullif(current_setting('lock_timeout'), '0'),
            nullif(current_setting('statement_timeout'), '0'))";
        let rows = client.client().query_typed(left, &[]).await.unwrap();
        assert_eq!(rows[0].get::<_, String>(0), "");
        clients.push(client);
    }
    for client in &clients {
        client.batch_execute("rollback").await.unwrap();
    }
}

#[tokio::test]
async fn with_pooler_safety_a_file_outside_of_a_transaction_is_refused_before_anything_is_written() {
    let database = TestDatabase::empty().await;
    let bouncer = before(&database, "transaction", 2, &[]).await;
    let migrator = migrator(&bouncer, &FILES).safe_for_poolers();
    let refused = migrator.up().await;
    assert!(
        matches!(&refused, Err(Error::Unsuitable { reason: Unsuitable::NeedsSession { file } }) if file.starts_with("V2__")),
        "{refused:?}"
    );
    assert_eq!(count(&database, LEFT).await, 0);
    assert_eq!(migrator.clone().with_target(Target::Steps(1)).up().await.unwrap().done.len(), 1);
    let straight = Migrator::new(database.config(), Migrations::from_static(&FILES).unwrap());
    assert_eq!(straight.safe_for_poolers().up().await.unwrap().done.len(), 1);
}

#[tokio::test]
async fn with_pooler_safety_what_is_no_plain_file_is_refused_before_anything_is_written() {
    let database = TestDatabase::empty().await;
    let bouncer = before(&database, "transaction", 2, &[]).await;
    for file in [("R__v.sql", "select 1;"), ("before_run.sql", "select 1;"), ("after_run.sql", "select 1;")] {
        let refused = migrator(&bouncer, &[FILES[0], file]).safe_for_poolers().up().await;
        let Err(Error::Unsuitable { reason: Unsuitable::NeedsSession { file: told } }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(told, file.0);
    }
    let code = Code::new(2, "b", "1", |_| Box::pin(async { Ok(()) }));
    let files = Migrations::from_static(&FILES[..1]).unwrap().with_code([code]).unwrap();
    let refused = Migrator::new(Config::new(bouncer.address().clone()), files).safe_for_poolers().up().await;
    assert!(
        matches!(&refused, Err(Error::Unsuitable { reason: Unsuitable::NeedsSession { file } }) if file == "V2__b.rs"),
        "{refused:?}"
    );
    assert_eq!(count(&database, LEFT).await, 0);
}

#[tokio::test]
async fn with_pooler_safety_racers_start_at_a_checkpoint_once() {
    let database = TestDatabase::empty().await;
    let bouncer = before(&database, "transaction", 5, &[]).await;
    let files =
        [("V1__a.sql", "create table a (id int);"), ("V2__b.sql", "set search_path = nowhere; select 1;")];
    let squasher = Squasher::new(database.config(), Migrations::from_static(&files).unwrap());
    let text = squasher.squash(2).await.unwrap().text().to_owned();
    let left = [("B2__checkpoint.sql", text.as_str()), ("V3__c.sql", "create table c (id int);")];
    let migrator = migrator(&bouncer, &left).safe_for_poolers();
    let racers = futures_util::future::join_all((0..RACERS).map(|_| migrator.up())).await;
    assert_eq!(racers.into_iter().map(|report| report.unwrap().done.len()).sum::<usize>(), 2);
    assert_eq!(count(&database, "select count(*) from pgkeel.refinery_schema_history").await, 3);
    let logged = "select count(*) from pgkeel.migration_log where kind = 'checkpoint' and status = 'ok'";
    assert_eq!(count(&database, logged).await, 1);
    nothing_is_left(&bouncer, 5).await;
}

#[tokio::test]
async fn with_pooler_safety_a_file_that_fails_is_logged_and_leaves_nothing() {
    let database = TestDatabase::empty().await;
    let bouncer = before(&database, "transaction", 2, &[]).await;
    let files = [FILES[0], ("V2__b.sql", "create table b (id int); select 1/0;")];
    let migrator = migrator(&bouncer, &files).safe_for_poolers();
    let error = migrator.up().await.unwrap_err();
    let failed = error.file().unwrap();
    assert_eq!((failed.stays, error.before()), (Stays::Nothing, &["V1__a.sql".to_owned()][..]));
    assert_eq!(count(&database, "select count(*) from pg_class where relname = 'b'").await, 0);
    let logged = "select count(*) from pgkeel.migration_log where status = 'failed' and sqlstate = '22012'";
    assert_eq!(count(&database, logged).await, 1);
    nothing_is_left(&bouncer, 2).await;
}

#[tokio::test]
async fn with_pooler_safety_a_lock_that_is_taken_is_waited_for_and_the_holder_named() {
    let database = TestDatabase::empty().await;
    let bouncer = before(&database, "transaction", 2, &[]).await;
    let reader = database.connection().await;
    reader.batch_execute("create table a (id int)").await.unwrap();
    reader.batch_execute("begin; select from a").await.unwrap();
    let files = [("V1__a.sql", "alter table a add b int;")];
    let wait = std::time::Duration::from_millis(50);
    let migrator = migrator(&bouncer, &files).safe_for_poolers().with_lock_timeout(wait).with_retries(1);
    let error = migrator.up().await.unwrap_err();
    let failed = error.file().unwrap();
    assert_eq!((failed.attempts, error.server().unwrap().code().code()), (2, "55P03"));
    reader.batch_execute("rollback").await.unwrap();
    assert_eq!(migrator.up().await.unwrap().done.len(), 1);
}

/// RESET ALL goes back to the encoding with which the pooler has begun, which is the database's.
#[tokio::test]
async fn one_that_gives_sessions_to_clients_hands_texts_on_as_they_are() {
    let server = TestDatabase::empty().await;
    let (admin, address) = (server.connection().await, server.address());
    let name = format!("{}_latin1", address.database());
    let create = format!("create database {name} template template0 encoding 'latin1' locale 'C'");
    admin.batch_execute(&create).await.unwrap();
    let there = Address::new(address.hosts()[0].clone(), address.user(), &name);
    let bouncer = Bouncer::before(&there, "session", &[]).await;
    let files = [
        ("V1__a.sql", "create table a as select 'é' as text;"),
        ("V2__b.sql", "insert into a values ('é');"),
        ("V3__c.sql", "-- pgkeel: lock_timeout=1s\ninsert into a values ('é');"),
    ];
    let applied = migrator(&bouncer, &files).without_record().up().await;
    let reader = pgkeel_connect::dial(&Config::new(there)).await.unwrap();
    let kept: i64 = reader.query_scalar("select count(*) from a where text = chr(233)", &[]).await.unwrap();
    drop((reader, bouncer));
    admin.batch_execute(&format!("drop database {name} with (force)")).await.unwrap();
    assert_eq!((applied.unwrap().done.len(), kept), (3, 3));
}
