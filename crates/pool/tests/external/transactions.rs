//! The pool in front of `PgBouncer` in transaction mode: 8 clients share 2 server sessions.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use pgkeel_pool::connect::Executor as AnyExecutor;
use pgkeel_pool::{Batch, Config, Error, Pool, PoolerMode, RetryPolicy, TxOptions};
use pgkeel_testkit::{Bouncer, Random, TestDatabase, eventually, scaled};
use tokio_postgres::error::SqlState;

use crate::config_of;

const SCHEMA: &str = "create type mood as enum ('sad', 'glad');
    create domain age as int check (value >= 0);
    create table people (id bigserial primary key, mood mood not null, age age not null, moods mood[]);
    insert into people(mood, age, moods) select 'glad', n, '{sad,glad}' from generate_series(1, 100) n";

const CLIENTS: u32 = 8;

async fn before(database: &TestDatabase) -> Bouncer {
    let sessions = [("default_pool_size", "2"), ("max_client_conn", "200")];
    Bouncer::before(database.address(), "transaction", &sessions).await
}

fn config(bouncer: &Bouncer) -> Config {
    config_of(bouncer, CLIENTS).with_pooler(PoolerMode::Transaction)
}

/// One of the statements of every day. Texts differ, so that types are asked for all the time.
async fn any_statement<E: AnyExecutor>(on: &E, random: &mut Random) -> Result<(), E::Error> {
    let (kind, text) = (random.below(6), random.below(40));
    let age = i32::try_from(random.below(90)).expect("small");
    match kind {
        0 => drop(
            on.query(&format!("select id, age, mood from people where age = $1::int4 limit {text}"), &[&age])
                .await?,
        ),
        1 => drop(
            on.query(
                &format!(
                    "insert into people(mood, age) values ($1::text::mood, $2::int4) returning mood, id as i{text}"
                ),
                &[&"sad", &age],
            )
            .await?,
        ),
        2 => drop(
            on.execute(
                "update people set age = $1::int4, mood = 'glad' where id = $2",
                &[&age, &i64::from(age)],
            )
            .await?,
        ),
        3 => {
            drop(on.query(&format!("select moods, $1::text as t{text} from people limit 3"), &[&"x"]).await?);
        }
        4 => drop(
            on.query_scalar::<i64>(
                &format!("select count(*) from people where age < $1::int4 + {text}"),
                &[&age],
            )
            .await?,
        ),
        _ => drop(on.query_one("select now(), $1::int4", &[&age]).await?),
    }
    Ok(())
}

/// What came of many.
#[derive(Debug, Default)]
struct Tally {
    done: u64,
    /// The first few of the errors that nobody provoked.
    errors: Vec<String>,
    failed: u64,
    provoked: u64,
}

impl Tally {
    fn note<T>(&mut self, outcome: Result<T, impl fmt::Debug>) {
        self.done += 1;
        if let Err(error) = outcome {
            self.failed += 1;
            if self.errors.len() < 3 {
                self.errors.push(format!("{error:?}"));
            }
        }
    }

    fn add(mut self, other: Self) -> Self {
        self.errors.extend(other.errors);
        self.errors.truncate(3);
        self.done += other.done;
        self.failed += other.failed;
        self.provoked += other.provoked;
        self
    }
}

async fn one_client(pool: Pool, mut random: Random, operations: u64) -> Tally {
    let mut tally = Tally::default();
    for _ in 0..operations {
        match random.below(10) {
            0 => {
                let mut inner = random.fork(1);
                let done: Result<(), Error> = pool
                    .transaction(async |tx| {
                        tx.execute("set local statement_timeout = '20s'", &[]).await?;
                        for _ in 0..3 {
                            any_statement(&tx, &mut inner).await?;
                        }
                        Ok(())
                    })
                    .await;
                tally.note(done);
            }
            1 => {
                let done: Result<(), Error> = pool
                    .transaction_with(TxOptions::new(), async |tx| {
                        tx.execute("set local statement_timeout = '1ms'", &[]).await?;
                        tx.query("select pg_sleep(0.05), mood from people", &[]).await.map(drop)
                    })
                    .await;
                assert_eq!(done.unwrap_err().code(), Some(&SqlState::QUERY_CANCELED));
                tally.provoked += 1;
                tally.done += 1;
            }
            2 => {
                let patience = Duration::from_micros(random.below(1500));
                let _ = tokio::time::timeout(patience, any_statement(&pool, &mut random)).await;
                tally.provoked += 1;
                tally.done += 1;
            }
            3 => {
                let session = match pool.session().await {
                    Ok(session) => session,
                    Err(error) => {
                        tally.note(Err::<(), _>(error));
                        continue;
                    }
                };
                tally.note(any_statement(&session, &mut random).await);
                tally.note(any_statement(&session, &mut random).await);
            }
            _ => tally.note(any_statement(&pool, &mut random).await),
        }
    }
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_clients_on_two_sessions_see_no_error() {
    let database = TestDatabase::empty().await;
    database.connection().await.batch_execute(SCHEMA).await.unwrap();
    let bouncer = before(&database).await;
    let pool = Pool::lazy(config(&bouncer));
    let (random, begun) = (Random::seeded(), Instant::now());
    let clients = (0..CLIENTS)
        .map(|number| tokio::spawn(one_client(pool.clone(), random.fork(number.into()), scaled(250, 1250))));
    let tallies = join_all(clients).await.into_iter().map(Result::unwrap);
    let tally = tallies.reduce(Tally::add).unwrap();
    println!("pgkeel: {tally:?} in {:?}; {:?}", begun.elapsed(), pool.stats());
    assert_eq!(tally.failed, 0, "{:?}", tally.errors);
}

/// What the same comes to without any of this. Nothing is claimed of it but that it fails; its figures are printed.
#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_prepares_under_names_sees_many() {
    let database = TestDatabase::empty().await;
    database.connection().await.batch_execute(SCHEMA).await.unwrap();
    let bouncer = before(&database).await;
    let address = bouncer.address();
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(address.hosts()[0].port()).user(address.user()).dbname(address.database());
    config.password(Bouncer::PASSWORD);
    let manager = deadpool_postgres::Manager::new(config, tokio_postgres::NoTls);
    let pool = deadpool_postgres::Pool::builder(manager).max_size(CLIENTS as usize).build().unwrap();
    let random = Random::seeded();
    let clients = (0..CLIENTS).map(|number| {
        let (pool, mut random) = (pool.clone(), random.fork(number.into()));
        tokio::spawn(async move {
            let mut tally = Tally::default();
            for _ in 0..100 {
                let client = pool.get().await.unwrap();
                tally.note(any_statement(&**client, &mut random).await);
            }
            tally
        })
    });
    let tallies = join_all(clients).await.into_iter().map(Result::unwrap);
    let tally = tallies.reduce(Tally::add).unwrap();
    println!("deadpool-postgres: {tally:?}");
    assert!(tally.failed > 0);
}

#[tokio::test]
async fn settings_do_not_leak_to_others() {
    let database = TestDatabase::empty().await;
    let bouncer = before(&database).await;
    let pool = Pool::lazy(config(&bouncer));
    for sql in ["set my.mark = 'leaked'", "set session my.mark = 'leaked'", "listen jobs"] {
        assert!(matches!(pool.batch_execute(sql).await, Err(Error::SessionState { .. })), "{sql}");
    }
    let local: Result<(), Error> = pool
        .transaction(async |tx| {
            tx.batch_execute("set local my.mark = 'leaked'").await?;
            let mark: String = tx.query_scalar("select current_setting('my.mark')", &[]).await?;
            assert_eq!(mark, "leaked");
            Ok(())
        })
        .await;
    local.unwrap();
    let sessions = join_all((0..CLIENTS).map(|_| pool.session())).await;
    for session in sessions {
        let mark = "select coalesce(current_setting('my.mark', true), '')";
        assert_eq!(session.unwrap().query_scalar::<String>(mark, &[]).await.unwrap(), "");
    }
}

#[tokio::test]
async fn what_needs_a_session_of_its_own_is_refused_by_name() {
    let database = TestDatabase::empty().await;
    let bouncer = before(&database).await;
    let pool = Pool::lazy(config(&bouncer));
    let mut session = pool.session().await.unwrap();
    let stream = session.query_stream("select 1", &[]).await.unwrap_err();
    let batch = pool.run_batch(Batch::new().add("select 1", ())).await.unwrap_err();
    let listener = pool.listener().await.unwrap_err();
    for error in [stream, batch, listener] {
        assert!(matches!(error, Error::NeedsSession { .. }), "{error:?}");
    }
    assert_eq!(session.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn types_that_are_made_anew_under_load_are_no_error() {
    let database = TestDatabase::empty().await;
    let other = database.connection().await;
    other.batch_execute(SCHEMA).await.unwrap();
    let bouncer = before(&database).await;
    let pool = Pool::lazy(config(&bouncer));
    let (random, stop) = (Random::seeded(), tokio::sync::watch::Sender::new(false));
    let done = Arc::<AtomicU64>::default();
    let clients = (0..CLIENTS).map(|number| {
        let (pool, mut random, stop) = (pool.clone(), random.fork(number.into()), stop.clone());
        let done = Arc::clone(&done);
        tokio::spawn(async move {
            let mut tally = Tally::default();
            while !*stop.borrow() {
                tally.note(any_statement(&pool, &mut random).await);
                done.fetch_add(1, Ordering::Relaxed);
            }
            tally
        })
    });
    let clients: Vec<_> = clients.collect();
    for _ in 0..scaled(5, 40) {
        let anew = "alter type mood rename to old; create type mood as enum ('glad', 'sad', 'mad');
            alter table people alter mood type mood using mood::text::mood,
                alter moods type mood[] using moods::text[]::mood[];
            drop type old";
        other.batch_execute(anew).await.unwrap();
        let before = done.load(Ordering::Relaxed);
        eventually("the new types are used", async || {
            (done.load(Ordering::Relaxed) >= before + 20 * u64::from(CLIENTS)).then_some(())
        })
        .await;
    }
    stop.send_replace(true);
    let tallies = join_all(clients).await.into_iter().map(Result::unwrap);
    let tally = tallies.reduce(Tally::add).unwrap();
    println!("with types made anew: {tally:?}");
    assert_eq!(tally.failed, 0, "{:?}", tally.errors);
    let left = "select count(*) from pg_prepared_statements";
    for session in join_all((0..CLIENTS).map(|_| pool.session())).await {
        assert_eq!(session.unwrap().query_scalar::<i64>(left, &[]).await.unwrap(), 0);
    }
}

/// The driver asks for the new type behind the statement, on whatever server session it gets then.
#[tokio::test]
async fn what_was_carried_out_is_not_run_again_though_its_rows_cannot_be_read() {
    let database = TestDatabase::empty().await;
    let other = database.connection().await;
    other.batch_execute(SCHEMA).await.unwrap();
    other.batch_execute("create table c(n int, v text); insert into c values (0, 'a')").await.unwrap();
    let bouncer = before(&database).await;
    let pool = Pool::lazy(config_of(&bouncer, 1).with_pooler(PoolerMode::Transaction));
    let retrying = pool.retrying(RetryPolicy::default());
    let (count, carried_out) = ("update c set n = n + 1 returning v", "select n from c");
    retrying.query("select mood, age, moods from people limit 1", &[]).await.unwrap();
    retrying.query(count, &[]).await.unwrap();
    for (round, name) in [(1, "one"), (2, "two"), (3, "three")] {
        let anew = format!(
            "create type {name} as enum ('a'); alter table c alter v type {name} using v::text::{name}"
        );
        other.batch_execute(&anew).await.unwrap();
        let done = retrying.query(count, &[]).await;
        assert_eq!(
            done.is_ok(),
            round > 1,
            "with a type of its own it has a transaction of its own: {done:?}"
        );
        assert!(
            !matches!(done, Err(ref error) if !matches!(error, Error::RowsUnreadable { .. })),
            "{done:?}"
        );
        assert_eq!(other.query_scalar::<i32>(carried_out, &[]).await.unwrap(), 1 + round, "{name}");
        retrying.query(count, &[]).await.unwrap();
        other.batch_execute("update c set n = n - 1").await.unwrap();
    }
}
