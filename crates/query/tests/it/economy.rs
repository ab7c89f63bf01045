//! How many statements a session keeps, what it costs the server, and what a column that is added does to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use pgkeel_pool::{Config, Pool};
use pgkeel_query::{Entity, Executor as _, Filter, FromRow, sql};
use pgkeel_testkit::{Random, TestDatabase, scaled};

#[derive(Debug, Entity)]
#[pgkeel(table = "items", columns = i)]
#[expect(dead_code, reason = "only the columns matter")]
struct Item {
    #[pgkeel(id, generated)]
    id: i64,
    name: String,
    owner: Option<i32>,
    price: i32,
}

const TABLE: &str = "create table items(id int8 generated always as identity primary key, name text not null default 'x',
    owner int4, price int4 not null default 0); insert into items(owner) select n from generate_series(1, 500) as n";

fn pool(database: &TestDatabase, sessions: u32, kept: u32) -> Pool {
    let config = Config::new(database.address().clone()).with_size(sessions, 0).unwrap();
    Pool::lazy(config.with_statement_cache(kept))
}

/// How many statements the session keeps, and how often they were run. It is asked for without keeping anything.
async fn kept(pool: &Pool) -> (i64, i64) {
    let text =
        "select count(*), coalesce(sum(generic_plans + custom_plans), 0)::int8 from pg_prepared_statements";
    let row = pool.query_one_typed(text, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test]
async fn lists_of_any_size_and_optional_filters_are_few_statements() {
    let database = TestDatabase::empty().await;
    let pool = pool(&database, 1, 24);
    pool.batch_execute(TABLE).await.unwrap();
    let mut random = Random::seeded();
    let calls = scaled(600, 10_000);
    for _ in 0..calls {
        let (length, chosen) = (random.below(501), random.next());
        let ids: Vec<i64> = (0..i64::try_from(length).unwrap()).collect();
        let said = |bit: u32| (chosen >> bit & 1 == 1).then_some(());
        let statement = Item::query()
            .filter(i::id.any_of(&ids))
            .and_if_some(said(0), |()| i::name.contains("x"))
            .and_if_some(said(1), |()| i::owner.ge(7))
            .and_if_some(said(2), |()| i::price.eq(0))
            .when(said(3).is_some(), |select| select.order_by(i::id.asc()));
        assert!(statement.fetch_all(&pool).await.unwrap().len() <= ids.len());
    }
    let (count, runs) = kept(&pool).await;
    assert_eq!(runs, i64::from(calls), "each was a run of a statement that is kept");
    assert!(count <= 16, "{count} of 16 shapes");
    let hits = 100 - 100 * count / runs;
    println!("{count} statements, {runs} runs: {hits} % were there");
    assert!(hits >= 95);
}

/// One of 2^20 shapes, and more: a bit says how a part of the filter is joined, or what it is.
fn shape(number: u64) -> Filter<'static, Item> {
    (0..20).fold(i::id.gt(0), |filter, bit| {
        if number >> bit & 1 == 1 { filter & i::price.ge(0) } else { filter | i::id.eq(7) }
    })
}

/// The bytes that the session of the server takes.
async fn memory(pool: &Pool) -> i64 {
    let text = "select sum(total_bytes)::int8 from pg_backend_memory_contexts";
    pool.query_scalar_typed(text, &[]).await.unwrap()
}

#[tokio::test]
async fn more_shapes_than_are_kept_cost_the_server_no_more_memory() {
    const KEPT: i64 = 16;
    let database = TestDatabase::empty().await;
    let pool = pool(&database, 1, u32::try_from(KEPT).unwrap());
    pool.batch_execute(TABLE).await.unwrap();
    let shapes = scaled(1_000, 1_000_000);
    let mut early = 0;
    for number in 0..shapes {
        Item::query().filter(shape(number)).exists(&pool).await.unwrap();
        if number == shapes / 4 {
            early = memory(&pool).await;
        }
        if number % (shapes / 10) == 0 {
            assert!(kept(&pool).await.0 <= KEPT);
        }
    }
    let (late, (count, _)) = (memory(&pool).await, kept(&pool).await);
    println!("{shapes} shapes, {count} kept; {early} bytes after a quarter of them, {late} at the end");
    assert!(count <= KEPT);
    assert!(late <= early + early / 5 + (1 << 20), "{early} bytes, then {late}");
}

#[derive(FromRow)]
#[expect(dead_code, reason = "reading it is enough")]
struct Named {
    id: i64,
    name: String,
}

async fn work(pool: &Pool) -> Result<(), pgkeel_query::Error> {
    Item::query().filter(i::owner.eq(7)).fetch_all(pool).await?;
    let id = Item::insert().set(i::name, "y").returning((i::id,)).fetch_one(pool).await?.0;
    Item::update().add(i::price, 1).filter(i::id.eq(id)).fetch_one(pool).await?;
    sql!("select * from items where id = {id}").fetch_one::<Named>(pool).await?;
    Item::delete().filter(i::id.eq(id)).execute(pool).await?;
    Ok(())
}

/// Columns come one right behind the other, so that a statement meets the next one while it is made ready for the one before.
#[tokio::test]
async fn a_column_that_is_added_under_load_is_seen_by_nobody() {
    const TASKS: usize = 4;
    let database = TestDatabase::empty().await;
    let pool = pool(&database, 4, 32);
    pool.batch_execute(TABLE).await.unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let rounds: Arc<[AtomicU64; TASKS]> = Arc::default();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (pool, is_over, rounds) = (pool.clone(), is_over.clone(), rounds.clone());
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    work(&pool).await?;
                    rounds[task].fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, pgkeel_query::Error>(())
            })
        })
        .collect();
    let done = || rounds.each_ref().map(|rounds| rounds.load(Ordering::Relaxed));
    let admin = database.connection().await;
    for burst in 0..scaled(1, 15) {
        for number in 0..20 {
            let add = format!("alter table items add column added{burst}_{number} int default 7");
            admin.batch_execute(&add).await.unwrap();
        }
        let before = done();
        pgkeel_testkit::eventually("all tasks have gone on", async || {
            let have_all = done().iter().zip(before).all(|(now, before)| *now >= before + 2);
            let has_failed = tasks.iter().any(tokio::task::JoinHandle::is_finished);
            (have_all || has_failed).then_some(())
        })
        .await;
    }
    is_over.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}
