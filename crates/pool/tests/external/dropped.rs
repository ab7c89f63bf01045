//! Queries that are dropped in front of `PgBouncer` in transaction mode, as a rule while their types are being learned.

use std::time::Duration;

use futures_util::future::join_all;
use pgkeel_pool::connect::Executor as AnyExecutor;
use pgkeel_pool::{Pool, PoolerMode};
use pgkeel_testkit::{Bouncer, Random, TestDatabase, eventually, scaled};
use tokio::time::timeout;
use tokio_postgres::Row;

use crate::config_of;

const CLIENTS: u64 = 8;

async fn give_up<E: AnyExecutor>(on: &E, name: &str, random: &mut Random) -> bool {
    let sql = format!("select 'glad'::mood as \"{name}\", $1::int4");
    let patience = Duration::from_micros(random.below(3000));
    timeout(patience, async { on.query(&sql, &[&1]).await }).await.is_err()
}

async fn one_client(pool: Pool, client: u64, mut random: Random) -> u64 {
    let mut late = 0;
    for round in 0..scaled(60, 600) {
        let name = format!("{client}_{round}");
        late += u64::from(give_up(&pool, &name, &mut random).await);
    }
    late
}

/// How many statements are left prepared at the server, of the clients' own and of all.
async fn left(pool: &Pool) -> (i64, i64) {
    let sql = "select pg_backend_pid(), count(*) filter (where statement ~ 'glad'), count(*)
        from pg_prepared_statements where name ~ '^s'";
    let (first, second) = (pool.begin().await.unwrap(), pool.begin().await.unwrap());
    let of = |row: Row| (row.get::<_, i32>(0), row.get::<_, i64>(1), row.get::<_, i64>(2));
    let first = of(first.query_one_typed(sql, &[]).await.unwrap());
    let second = of(second.query_one_typed(sql, &[]).await.unwrap());
    assert_ne!(first.0, second.0, "both server sessions");
    (first.1 + second.1, first.2 + second.2)
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_that_are_dropped_while_their_types_are_asked_for_leave_nothing_prepared() {
    let database = TestDatabase::empty().await;
    database.connection().await.batch_execute("create type mood as enum ('sad', 'glad')").await.unwrap();
    let settings = [("default_pool_size", "2"), ("max_client_conn", "200")];
    let bouncer = Bouncer::before(database.address(), "transaction", &settings).await;
    let pool = Pool::lazy(config_of(&bouncer, 8).with_pooler(PoolerMode::Transaction));
    let random = Random::seeded();
    let clients =
        (0..CLIENTS).map(|client| tokio::spawn(one_client(pool.clone(), client, random.fork(client))));
    let late: u64 = join_all(clients).await.into_iter().map(Result::unwrap).sum();
    assert!(late > CLIENTS, "{late} were dropped");
    eventually("all are back", async || {
        let stats = pool.stats();
        (stats.in_use + stats.resetting + stats.closing == 0).then_some(())
    })
    .await;
    // What takes them away may still be on its way.
    eventually("nothing is left prepared", async || (left(&pool).await == (0, 0)).then_some(())).await;
}
