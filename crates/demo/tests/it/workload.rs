//! The workload: everything happens, it pauses and stops when told, and nothing grows without end.

mod outages;

use std::time::Duration;

use pgkeel_connect::{Address, Connection, Executor as _};
use pgkeel_demo::{Report, Workload, schema};
use pgkeel_pool::{Config, Pool};
use pgkeel_testkit::{TestDatabase, eventually};
use tokio::time::{Instant, sleep};
use tokio_postgres::types::FromSqlOwned;

/// Pauses are this many times shorter than in a shop.
const FASTER: u32 = 40;

/// Of sessions other than one's own.
const OTHERS: &str = "pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";

/// A small shop: 2,000 customers, 4,000 orders, of which the last 400 are still to be shipped or paid.
const FILL: &str = "
    insert into customers (email, full_name, country)
    select 'canary' || n || '@mail.example', 'Canary' || n % 40 || ' Name' || n % 99, 'DE' from generate_series(1, 2000) n;
    insert into orders (number, customer_id, status, created_at, placed_at)
    select '2025-' || lpad(n::text, 6, '0'), 1 + n % 2000,
        case when n <= 3600 then 'delivered' when n <= 3800 then 'paid' else 'placed' end::order_status,
        now() - (4000 - n) * interval '1 hour', now() - (4000 - n) * interval '1 hour'
    from generate_series(1, 4000) n;
    insert into order_lines (order_id, line, sku, title, quantity, unit_price)
    select n, line, 'SKU-' || (n + line) % 50, 'Article', line, 9.95
    from generate_series(1, 4000) n cross join generate_series(1, 2) line;
    insert into payments (order_id, method, status, amount, reference, captured_at)
    select n, 'card', case when n <= 3800 then 'captured' else 'pending' end::payment_status, 29.85, 'PAY-' || n,
        case when n <= 3800 then now() end
    from generate_series(1, 4000) n";

async fn migrate(connection: &Connection) {
    for file in schema().unwrap().iter() {
        connection.batch_execute(file.sql()).await.unwrap();
    }
}

async fn fill(connection: &Connection) {
    migrate(connection).await;
    connection.batch_execute(FILL).await.unwrap();
    // Not only analyzed: what is still in the pending list of a GIN index makes it dear.
    connection.batch_execute("vacuum analyze").await.unwrap();
}

async fn shop() -> (TestDatabase, Pool) {
    let database = TestDatabase::migrated("a small shop", fill).await;
    let pool = Pool::lazy(config(database.address()));
    (database, pool)
}

/// As the settings have it, but that what takes 3 ms is slow here: this shop is small.
fn config(address: &Address) -> Config {
    Config::new(address.clone())
        .with_size(10, 0)
        .unwrap()
        .with_timeout(Duration::from_secs(3))
        .with_slow_query_threshold(Some(Duration::from_millis(3)))
}

async fn scalar<T: FromSqlOwned>(connection: &Connection, sql: &str) -> T {
    connection.query_scalar(sql, &[]).await.unwrap()
}

/// Waits until the workload has done what is asked for.
async fn until(workload: &Workload, what: &str, condition: impl Fn(&Report) -> bool) -> Report {
    eventually(what, async || Some(workload.report()).filter(&condition)).await
}

fn count(report: &Report, action: &str) -> u64 {
    report.actions.iter().find(|(name, _)| *name == action).unwrap().1
}

/// Sessions of ours that run something or are in a transaction.
async fn at_work(connection: &Connection) -> i64 {
    scalar(connection, &format!("select count(*) from {OTHERS} and state <> 'idle'")).await
}

/// What would change if anybody did anything: sessions handed out, when the last statement of any began, and the
/// numbers that rows were given.
async fn trace(pool: &Pool, connection: &Connection) -> (u64, Option<std::time::SystemTime>, String) {
    let last = &format!("select max(query_start) from {OTHERS}");
    let given = "select string_agg(last_value::text, ' ' order by sequencename) from pg_sequences";
    (pool.stats().acquires_total, scalar(connection, last).await, scalar(connection, given).await)
}

async fn assert_rests(pool: &Pool, connection: &Connection) {
    let before = trace(pool, connection).await;
    let end = Instant::now() + Duration::from_millis(700); // 20 s of a shop
    while Instant::now() < end {
        assert_eq!(at_work(connection).await, 0);
        assert_eq!(trace(pool, connection).await, before);
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_happens_and_only_expected_errors_do() {
    let (database, pool) = shop().await;
    let workload = Workload::start_faster(pool.clone(), FASTER);
    let everything =
        |report: &Report| report.actions.iter().all(|(_, count)| *count > 0) && report.slow_reports > 0;
    until(&workload, "every action, and slow reports", everything).await;
    let report = workload.stop().await;
    assert_eq!((report.failures, report.aborted), (0, 0), "{report}");
    let mishaps = ["duplicate numbers", "negative amounts", "missing customers", "misspelt tables"];
    let mishaps: u64 = mishaps.iter().map(|mishap| count(&report, mishap)).sum();
    assert!(report.expected_errors >= mishaps && mishaps >= 4, "{report:?}");
    assert!(pool.slow_queries().iter().any(|slow| slow.text.contains("from order_overview")));

    let connection = database.connection().await;
    let actors = "select string_agg(distinct actor, ', ' order by actor) from audit_log";
    assert_eq!(scalar::<String>(&connection, actors).await, "shop cashier, shop warehouse, shop window");
    pool.close(Duration::from_secs(10)).await;
    assert_only_flaws_are_unused(&connection).await;
}

/// Sessions give their figures to the server at the latest when they end.
async fn assert_only_flaws_are_unused(connection: &Connection) {
    let unused = "select coalesce(string_agg(indexrelname, ', ' order by indexrelname), '') \
        from pg_stat_user_indexes join pg_index using (indexrelid) where idx_scan = 0 and not indisunique \
        and indexrelname <> 'audit_log_at_idx'"; // which has its use once the log is long
    let flaws =
        ["customers_country_idx, order_lines_article_idx", "customers_country_idx, order_lines_sku_idx"];
    eventually("only the country and one of two equal indexes are unused", async || {
        let unused: String = scalar(connection, unused).await;
        flaws.contains(&unused.as_str()).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hands_on_the_same_orders_make_retries_that_succeed() {
    let (database, pool) = shop().await;
    let workload = Workload::start_faster(pool, 5 * FASTER);
    until(&workload, "retries", |report| report.retries >= 3).await;
    let report = workload.stop().await;
    assert_eq!(report.aborted, 0, "{report}");
    let connection = database.connection().await;
    let shipped_twice = "select count(*) from (select row_id from audit_log \
        where table_name = 'orders' and before @> '{\"status\": \"paid\"}' and actor = 'shop warehouse' \
        group by row_id having count(*) > 1) twice";
    assert_eq!(scalar::<i64>(&connection, shipped_twice).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_really_rests_and_afterwards_it_goes_on() {
    let (database, pool) = shop().await;
    let connection = database.connection().await;
    let workload = Workload::start_faster(pool.clone(), FASTER);
    until(&workload, "some work", |report| report.transactions > 20).await;
    workload.pause();
    assert!(workload.rested().await && workload.is_paused());
    assert_rests(&pool, &connection).await;
    let paused = workload.report();
    assert_eq!(paused.failures, 0, "{paused}");
    workload.resume();
    assert!(!workload.is_paused());
    until(&workload, "more work", |report| report.transactions > paused.transactions + 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_it_leaves_no_task_and_no_transaction() {
    let (database, pool) = shop().await;
    let connection = database.connection().await;
    let workload = Workload::start_faster(pool.clone(), FASTER);
    until(&workload, "some work", |report| report.transactions > 20).await;
    drop(workload);
    eventually("every session is back and clean", async || {
        let stats = pool.stats();
        (stats.in_use + stats.resetting + stats.waiting == 0 && at_work(&connection).await == 0).then_some(())
    })
    .await;
    assert_rests(&pool, &connection).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_stay_within_their_bounds() {
    let database = TestDatabase::migrated("an empty shop", migrate).await;
    let connection = database.connection().await;
    let few = "insert into customers (email, full_name, country) \
        select n || '@mail.example', 'Some One', 'DE' from generate_series(1, 3) n; \
        insert into audit_log (actor, table_name, row_id, action, before) \
        select case when n <= 10 then 'somebody else' else 'shop window' end, 'orders', n, 'update', '{}' \
        from generate_series(1, 25000) n";
    connection.batch_execute(few).await.unwrap();
    let workload = Workload::start_faster(Pool::lazy(config(database.address())), 5 * FASTER);
    let rounds = |report: &Report| {
        count(report, "orders placed") > 150 && count(report, "clearances of the audit log") > 1
    };
    until(&workload, "many more orders than are kept", rounds).await;
    let report = workload.stop().await;
    assert_eq!(report.failures, 0, "{report}");
    let most = "select max(orders) from (select count(*) as orders from orders group by customer_id) each";
    assert!(scalar::<i64>(&connection, most).await <= 15);
    assert!(scalar::<i64>(&connection, "select count(*) from payments").await <= 45);
    assert!(scalar::<i64>(&connection, "select count(*) from order_lines").await <= 135);
    let logged: i64 = scalar(&connection, "select count(*) from audit_log").await;
    assert!(logged < 21_000, "{logged}");
    let others = "select count(*) from audit_log where actor = 'somebody else'";
    assert_eq!(scalar::<i64>(&connection, others).await, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_shop_is_no_trouble() {
    let database = TestDatabase::migrated("an empty shop", migrate).await;
    let workload = Workload::start_faster(Pool::lazy(config(database.address())), FASTER);
    until(&workload, "reads and mishaps", |report| report.reads > 50 && report.expected_errors > 1).await;
    let report = workload.stop().await;
    assert_eq!((report.failures, report.aborted), (0, 0), "{report}");
}
