//! Measures what is sent in one go beside the driver alone, in interleaved rounds; prints the median ratio.

#![expect(clippy::unwrap_used, reason = "a program for the developer's eyes")]

use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use pgkeel_pool::connect::{Connection, Ident};
use pgkeel_pool::{Batch, Config, CopyTarget, Executor as _, Pool};
use pgkeel_testkit::TestDatabase;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

const ROUNDS: usize = 11;

const SCHEMA: &str = "create unlogged table c(id bigint, name text, price float8);
    create unlogged table p(id int primary key, name text, n int);
    insert into p select n, 'name ' || n, 0 from generate_series(1, 10000) n; analyze p";

const POINT: &str = "select name from p where id = $1";

async fn compare(what: &str, goal: f64, mut raw: impl AsyncFnMut(), mut ours: impl AsyncFnMut()) {
    let mut ratios = Vec::new();
    let mut times = (Duration::ZERO, Duration::ZERO);
    for round in 0..=ROUNDS {
        let start = Instant::now();
        raw().await;
        let of_raw = start.elapsed();
        let start = Instant::now();
        ours().await;
        let of_ours = start.elapsed();
        if round > 0 {
            ratios.push(of_raw.as_secs_f64() / of_ours.as_secs_f64());
            times = (of_raw, of_ours);
        }
    }
    ratios.sort_by(f64::total_cmp);
    let (low, median, high) = (ratios[0], ratios[ROUNDS / 2], ratios[ROUNDS - 1]);
    println!(
        "{what}: {median:.2} ({low:.2} to {high:.2}), goal {goal}; last {:?} and {:?}",
        times.0, times.1
    );
}

async fn copy_raw(connection: &Connection, rows: i64) {
    let client = connection.client();
    client.batch_execute("truncate c").await.unwrap();
    let sink = client.copy_in("copy c(id, name, price) from stdin (format binary)").await.unwrap();
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &[Type::INT8, Type::TEXT, Type::FLOAT8]));
    for id in 0..rows {
        writer.as_mut().write(&[&id, &"a name of usual length", &0.5_f64]).await.unwrap();
    }
    assert_eq!(writer.finish().await.unwrap(), rows.unsigned_abs());
}

async fn copy_ours(pool: &Pool, rows: i64) {
    let mut session = pool.session().await.unwrap();
    session.batch_execute("truncate c").await.unwrap();
    let name = |name: &'static str| Ident::new(name).unwrap();
    let target = CopyTarget::new(name("c"), [name("id"), name("name"), name("price")]);
    let mut copy = session.copy_in(&target).await.unwrap();
    for id in 0..rows {
        copy.write(&[&id, &"a name of usual length", &0.5_f64]).await.unwrap();
    }
    assert_eq!(copy.finish().await.unwrap(), rows.unsigned_abs());
}

fn main() {
    // Alone on one thread nobody pays for waking another one.
    let one = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    one.block_on(alone());
    let two = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    two.block_on(together());
}

async fn alone() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(Config::new(database.address().clone()));
    let raw = database.connection().await;
    pool.batch_execute(SCHEMA).await.unwrap();

    compare(
        "copy in, 100 000 rows",
        0.95,
        async || copy_raw(&raw, 100_000).await,
        async || {
            copy_ours(&pool, 100_000).await;
        },
    )
    .await;

    point_queries(&raw, &pool).await;
    transactions(&raw, &pool).await;
    streams(&raw, &pool).await;
}

async fn point_queries(raw: &Connection, pool: &Pool) {
    let statement = raw.client().prepare(POINT).await.unwrap();
    compare(
        "100 point queries in one go, 50 times",
        2.4,
        async || {
            for id in 0..5000_i32 {
                let rows = raw.client().query(&statement, &[&(id + 1)]).await.unwrap();
                assert_eq!(rows.len(), 1);
            }
        },
        async || {
            let session = pool.session().await.unwrap();
            for round in 0..50_i32 {
                let mut batch = Batch::new();
                for id in 0..100_i32 {
                    batch.add(POINT, (round * 100 + id + 1,));
                }
                assert_eq!(session.run_batch(&batch).await.unwrap().all().unwrap().len(), 100);
            }
        },
    )
    .await;
}

async fn transactions(raw: &Connection, pool: &Pool) {
    let update = "update p set n = n + $1 where id = $2";
    let statement = raw.client().prepare(update).await.unwrap();
    compare(
        "1000 transactions of two updates in one flight",
        1.6,
        async || {
            for id in 1..=1000_i32 {
                raw.client().batch_execute("BEGIN").await.unwrap();
                raw.client().execute(&statement, &[&1_i32, &id]).await.unwrap();
                raw.client().execute(&statement, &[&-1_i32, &(id + 1000)]).await.unwrap();
                raw.client().batch_execute("COMMIT").await.unwrap();
            }
        },
        async || {
            for id in 1..=1000_i32 {
                let mut batch = Batch::new();
                batch.add(update, (1_i32, id)).add(update, (-1_i32, id + 1000));
                pool.transaction_batch(&batch).await.unwrap();
            }
        },
    )
    .await;
}

async fn streams(raw: &Connection, pool: &Pool) {
    let sql = "select id, name from p cross join generate_series(1, 10) g";
    let statement = raw.client().prepare(sql).await.unwrap();
    let none: [i32; 0] = [];
    compare(
        "100 000 rows streamed",
        0.95,
        async || {
            let mut rows = pin!(raw.client().query_raw(&statement, none).await.unwrap());
            let mut count = 0;
            while let Some(row) = rows.next().await {
                count += usize::from(row.unwrap().get::<_, i32>(0) > 0);
            }
            assert_eq!(count, 100_000);
        },
        async || {
            let mut session = pool.session().await.unwrap();
            let mut rows = session.query_stream(sql, &[]).await.unwrap();
            let mut count = 0;
            while let Some(row) = rows.next().await {
                count += usize::from(row.unwrap().get::<_, i32>(0) > 0);
            }
            assert_eq!(count, 100_000);
        },
    )
    .await;
}

async fn together() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(Config::new(database.address().clone()));
    pool.batch_execute(SCHEMA).await.unwrap();
    let mut own = Vec::new();
    for _ in 0..16 {
        let connection = std::sync::Arc::new(database.connection().await);
        let statement = connection.client().prepare(POINT).await.unwrap();
        own.push((connection, statement));
    }
    for lanes in [1, 2, 3, 4] {
        let reads = pool.shared_reads(lanes);
        compare(
            &format!("16 readers over {lanes} sessions"),
            1.4,
            async || {
                let tasks = own.iter().cloned().map(|(connection, statement)| {
                    tokio::spawn(async move {
                        for id in 0..1000_i32 {
                            connection.client().query_one(&statement, &[&(id + 1)]).await.unwrap();
                        }
                    })
                });
                for task in tasks.collect::<Vec<_>>() {
                    task.await.unwrap();
                }
            },
            async || {
                let tasks = (0..16).map(|_| {
                    let reads = reads.clone();
                    tokio::spawn(async move {
                        for id in 0..1000_i32 {
                            reads.query_one(POINT, &[&(id + 1)]).await.unwrap();
                        }
                    })
                });
                for task in tasks.collect::<Vec<_>>() {
                    task.await.unwrap();
                }
            },
        )
        .await;
    }
}
