//! Connections that are lost: at each statement of each call, for good, and to a server that only reads.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pgkeel_pool::{Config, Pool};
use pgkeel_query::connect::{self, TypedParam};
use pgkeel_query::rotation::{Depth, RotationProblem, RotationState, Step};
use pgkeel_testkit::{Direction, Proxy, TestCluster};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::adoption::{people, plain_people};
use super::*;

const ROWS: u64 = 30;

/// A connection that is lost at one of its statements: before the server has it, or while it answers. Then there is another one, as in a pool.
struct Faulty<'p> {
    proxy: &'p Proxy,
    connection: Mutex<Arc<Connection>>,
    lost_at: usize,
    on_the_way: Direction,
    statements: AtomicUsize,
}

impl<'p> Faulty<'p> {
    async fn new(proxy: &'p Proxy, lost_at: usize, on_the_way: Direction) -> Self {
        let connection = Mutex::new(Arc::new(dialled(proxy).await));
        Self { proxy, connection, lost_at, on_the_way, statements: AtomicUsize::new(0) }
    }

    fn before(&self) -> Arc<Connection> {
        if self.statements.fetch_add(1, Ordering::SeqCst) + 1 == self.lost_at {
            self.proxy.cut_after(self.on_the_way, 1);
        }
        Arc::clone(&self.connection.lock().unwrap())
    }

    async fn behind<T>(&self, done: Result<T, connect::Error>) -> Result<T, connect::Error> {
        if self.statements.load(Ordering::SeqCst) == self.lost_at {
            assert!(done.is_err(), "the connection was not lost");
            self.proxy.pass();
            let connection = Arc::new(dialled(self.proxy).await);
            *self.connection.lock().unwrap() = connection;
        }
        done
    }
}

async fn dialled(proxy: &Proxy) -> Connection {
    connect::dial(&connect::Config::new(proxy.address())).await.unwrap()
}

impl Executor for Faulty<'_> {
    type Error = connect::Error;

    async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Self::Error> {
        self.behind(self.before().query(sql, params).await).await
    }

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Self::Error> {
        self.behind(self.before().execute(sql, params).await).await
    }

    async fn batch_execute(&self, sql: &str) -> Result<(), Self::Error> {
        self.behind(self.before().batch_execute(sql).await).await
    }

    async fn query_typed(&self, sql: &str, params: &[TypedParam<'_>]) -> Result<Vec<Row>, Self::Error> {
        self.behind(self.before().query_typed(sql, params).await).await
    }

    async fn execute_typed(&self, sql: &str, params: &[TypedParam<'_>]) -> Result<u64, Self::Error> {
        self.behind(self.before().execute_typed(sql, params).await).await
    }
}

/// Loses a connection at the first statement of a call, then at the second, until a call has had none to lose. `reset` comes before each
/// call, `check` behind it.
async fn at_each_statement(
    database: &TestDatabase,
    reset: impl AsyncFn(),
    call: impl AsyncFn(&Faulty<'_>),
    check: impl AsyncFn(),
) -> usize {
    let proxy = Proxy::before(database.address()).await;
    for on_the_way in [Direction::ToServer, Direction::ToClient] {
        for lost_at in 1.. {
            reset().await;
            let faulty = Faulty::new(&proxy, lost_at, on_the_way).await;
            call(&faulty).await;
            check().await;
            if faulty.statements.into_inner() < lost_at {
                if on_the_way == Direction::ToClient {
                    return lost_at - 1;
                }
                break;
            }
        }
    }
    unreachable!("a call has so many statements and no more")
}

/// Rotates 30 rows in batches of 10, and looks at the counts each time.
async fn rotates_at_each_statement(
    database: &TestDatabase,
    connection: &Connection,
    reset: &str,
    call: impl AsyncFn(&Faulty<'_>),
    check: impl AsyncFn(),
) {
    let reset = async || {
        connection.batch_execute(&format!("delete from pgkeel.rotation; {reset}")).await.unwrap();
    };
    let check = async || {
        check().await;
        let (mut rewritten, mut lost) = (0, 0);
        for ended in rotation::rotations(connection).await.unwrap() {
            assert_eq!((ended.state, ended.counts.failed), (RotationState::Finished, 0));
            rewritten += ended.counts.rewritten;
            lost += ended.counts.cas_lost;
        }
        assert_eq!((rewritten, lost), (ROWS, 0), "each row is changed once and counted once");
    };
    let statements = at_each_statement(database, reset, call, check).await;
    assert!(statements > 15, "{statements}");
}

fn in_batches(rotation: Rotation<'_>) -> Rotation<'_> {
    rotation.most_rows(10).range_rows(100).lease(Duration::from_millis(100))
}

/// Without patience, and then on another connection.
async fn in_two_calls(rotation: &Rotation<'_>, faulty: &Faulty<'_>, connection: &Connection) {
    let impatient = rotation.clone().patience(Duration::ZERO);
    if let Err(error) = impatient.run(faulty, |_| {}).await {
        assert!(told(&error).contains(" failed 1 times within "), "{}", told(&error));
        impatient.run(connection, |_| {}).await.unwrap();
    }
}

#[tokio::test]
async fn a_rotation_that_loses_its_connection_at_any_statement_ends_right() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, ROWS.cast_signed()).await;
    connection.batch_execute("create table before as table app.users").await.unwrap();
    let (column, expected) =
        (emails(), (1..=ROWS.cast_signed()).map(|id| (id, email(id))).collect::<BTreeMap<_, _>>());
    let check = async || {
        assert_eq!(by_key(&connection).await, under(K2, ROWS));
        assert!(opened(&connection, &new).await == expected);
    };
    let reset = "delete from app.users; insert into app.users table before";
    let rotation = in_batches(Rotation::new(&new, &column));
    let patiently = async |db: &Faulty<'_>| {
        let ended = rotation.run(db, |_| {}).await.unwrap();
        assert_eq!((ended.state, ended.counts.rewritten), (RotationState::Finished, ROWS));
    };
    rotates_at_each_statement(&database, &connection, reset, patiently, &check).await;
    let twice = async |db: &Faulty<'_>| in_two_calls(&rotation, db, &connection).await;
    rotates_at_each_statement(&database, &connection, reset, twice, &check).await;
}

#[tokio::test]
async fn plaintext_goes_over_whichever_statement_loses_its_connection() {
    let database = database().await;
    let (vault, connection) = (index_vault(I2, &[]).await, database.connection().await);
    plain_people(&connection, ROWS.cast_signed()).await;
    let fill = "update app.people set email = 'user-' || id || '@example.org'; create table before as table app.people";
    connection.batch_execute(fill).await.unwrap();
    let (column, plaintext) = (people(), ident("email"));
    let reset = "delete from app.people; insert into app.people table before";
    let sound = async || {
        let found = rotation::verify(&connection, &vault, &column, Depth::Full, None, |_| {}).await.unwrap();
        assert!(found.is_sound() && found.cells == ROWS, "{found:?}");
        assert_eq!(rotation::unindexed(&connection, &column, &column.indexes()[0]).await.unwrap(), 0);
        rotation::adoption(&connection, &column, &plaintext).await.unwrap()
    };
    let adopted = async || {
        let left = sound().await;
        assert_eq!((left.plaintext, left.unsealed), (ROWS, 0));
    };
    let adopting = in_batches(Rotation::adopting(&vault, &column, &plaintext));
    let twice = async |db: &Faulty<'_>| in_two_calls(&adopting, db, &connection).await;
    rotates_at_each_statement(&database, &connection, reset, twice, adopted).await;
    connection.batch_execute("drop table before; create table before as table app.people").await.unwrap();
    let cleared = async || assert_eq!(sound().await.plaintext, 0);
    let clearing = in_batches(Rotation::clearing(&vault, &column, &plaintext));
    let twice = async |db: &Faulty<'_>| in_two_calls(&clearing, db, &connection).await;
    rotates_at_each_statement(&database, &connection, reset, twice, cleared).await;
}

#[tokio::test]
async fn what_only_reads_comes_to_the_same_whichever_statement_loses_its_connection() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, 2_500).await;
    rotated(&connection, &new).await;
    let indexed = "alter table app.users add plain text, add bidx bytea; update app.users set bidx = '\\x00' where id > 5";
    connection.batch_execute(indexed).await.unwrap();
    let column = emails();
    let index =
        rotation::SealedIndex::new(ident("bidx"), pgkeel_crypto::IndexSpec::from(&super::adoption::BIDX));
    let nothing = async || {};
    let verify = async |db: &Faulty<'_>| {
        let pages = AtomicU64::new(0);
        let observe = |_: &rotation::Verification| {
            pages.fetch_add(1, Ordering::SeqCst);
        };
        let found = rotation::verify(db, &new, &column, Depth::Full, None, observe).await.unwrap();
        assert!(found.is_sound() && found.cells == 2_500, "{found:?}");
        assert_eq!(pages.into_inner(), 3, "what was read is not read again");
    };
    assert_eq!(at_each_statement(&database, nothing, verify, nothing).await, 4);
    let usage = async |db: &Faulty<'_>| {
        assert_eq!(rotation::usage(db, &column).await.unwrap().by_key, BTreeMap::from([(key(K2), 2_500)]));
    };
    assert_eq!(at_each_statement(&database, nothing, usage, nothing).await, 2);
    let retire = async |db: &Faulty<'_>| {
        assert_eq!(rotation::retire(db, &new, key(K1)).await.unwrap().columns, ["app.users.email"]);
    };
    assert_eq!(at_each_statement(&database, nothing, retire, nothing).await, 5);
    let unindexed = async |db: &Faulty<'_>| {
        assert_eq!(rotation::unindexed(db, &column, &index).await.unwrap(), 5);
    };
    assert_eq!(at_each_statement(&database, nothing, unindexed, nothing).await, 2);
    let adoption = async |db: &Faulty<'_>| {
        let left = rotation::adoption(db, &column, &ident("plain")).await.unwrap();
        assert_eq!((left.plaintext, left.unsealed), (0, 0));
    };
    assert_eq!(at_each_statement(&database, nothing, adoption, nothing).await, 2);
    let failed = "insert into pgkeel.rotation_failure (rotation_id, row_key, class, pass) select id, '{7}', 'other', 1 from pgkeel.rotation";
    connection.batch_execute(failed).await.unwrap();
    let number = rotation::rotations(&connection).await.unwrap()[0].id;
    let failures = async |db: &Faulty<'_>| {
        assert_eq!(rotation::failures(db, number, 10).await.unwrap().len(), 1);
    };
    assert_eq!(at_each_statement(&database, nothing, failures, nothing).await, 1);
}

/// By time that passes as soon as there is nothing else to do.
#[tokio::test]
async fn a_connection_that_is_lost_for_good_is_waited_for_a_minute() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, 3).await;
    let end = "select pg_terminate_backend(pg_backend_pid())";
    connection.batch_execute(end).await.unwrap_err();
    tokio::time::pause();
    let (column, plaintext) = (emails(), ident("note"));
    let index =
        rotation::SealedIndex::new(ident("bidx"), pgkeel_crypto::IndexSpec::from(&super::adoption::BIDX));
    let errors = [
        rotation::verify(&connection, &new, &column, Depth::Quick, None, |_| {}).await.unwrap_err(),
        rotation::usage(&connection, &column).await.unwrap_err(),
        rotation::retire(&connection, &new, key(K1)).await.unwrap_err(),
        rotation::unindexed(&connection, &column, &index).await.unwrap_err(),
        rotation::adoption(&connection, &column, &plaintext).await.unwrap_err(),
    ];
    for (error, at) in errors.iter().zip([Step::Inspect, Step::Inspect, Step::Published]) {
        let Error::Rotation(RotationProblem::Exhausted { step, waited, attempts, .. }) = error else {
            panic!("{error:?}")
        };
        assert_eq!(*step, at);
        assert!(*attempts > 60 && (60..62).contains(&waited.as_secs()), "{attempts} within {waited:?}");
    }
}

#[tokio::test]
async fn a_check_goes_on_where_it_was_on_a_server_that_has_restarted_and_only_reads() {
    let mut cluster = TestCluster::start().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = cluster.connection().await;
    connection.batch_execute(rotation::MIGRATIONS[0].1).await.unwrap();
    let users = "create schema app; create table app.users (id int8 primary key, email bytea)";
    connection.batch_execute(users).await.unwrap();
    insert(&connection, &old, 1, 3_500).await;
    rotation::publish(&connection, &[emails()]).await.unwrap();
    // As a standby is: what is asked next finds no server, then one that takes no writes.
    let read_only = "alter role all set synchronous_commit = on; alter role all set default_transaction_read_only = on; checkpoint";
    connection.batch_execute(read_only).await.unwrap();
    drop(connection);
    let pool = Pool::lazy(Config::new(cluster.address().clone()).with_size(1, 0).unwrap());
    let (column, begun) = (emails(), tokio::sync::Notify::new());
    let seen = Mutex::new(Vec::new());
    let observe = |so_far: &rotation::Verification| {
        seen.lock().unwrap().push(so_far.cells);
        begun.notify_one();
    };
    let verifying = rotation::verify(&pool, &new, &column, Depth::Full, None, observe);
    let operator = async {
        begun.notified().await;
        cluster.crash().await;
        cluster.start_again().await;
    };
    let (found, ()) = tokio::join!(verifying, operator);
    let found = found.unwrap();
    assert!(found.is_sound() && found.cells == 3_500, "{found:?}");
    assert_eq!(rotation::usage(&pool, &column).await.unwrap().by_key, BTreeMap::from([(key(K1), 3_500)]));
    let seen = seen.into_inner().unwrap();
    assert!(seen.is_sorted() && seen[0] == 1_000, "{seen:?}");
}
