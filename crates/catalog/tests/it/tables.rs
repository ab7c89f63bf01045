//! Tables and indexes, a page at a time.

use pgkeel_catalog::{Index, Place, Table, indexes, tables};
use pgkeel_connect::{Connection, Executor as _};
use pgkeel_testkit::{TestDatabase, eventually};

use crate::Sample;

async fn all(test: &TestDatabase) -> (Vec<Table>, Vec<Index>) {
    let sample = Sample::of(test).await;
    let tables =
        tables(&sample.connection, &sample.capabilities, &Place::start(), 1000).await.expect("an answer");
    (
        tables,
        indexes(&sample.connection, &sample.capabilities, &Place::start(), 1000).await.expect("an answer"),
    )
}

async fn run(connection: &Connection, statements: &[&str]) {
    for sql in statements {
        connection.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
}

#[tokio::test]
async fn a_table_has_the_figures_that_its_view_and_its_files_have() {
    let test = TestDatabase::empty().await;
    let worker = test.connection().await;
    run(
        &worker,
        &[
            "create table t (a int primary key, long text); create table never (a int)",
            "alter table t alter long set storage external, set (autovacuum_enabled = off)",
            "insert into t select g, repeat('x', case when g <= 10 then 9000 else 1 end) from generate_series(1, 1000) g",
            "update t set a = a where a <= 20",
            "delete from t where a > 900",
            "select count(*) from t",
            "set enable_seqscan = off; select long from t where a = 1",
            "analyze t",
        ],
    )
    .await;
    drop(worker);
    let t = eventually("the counters have arrived", async || {
        let t = all(&test).await.0.into_iter().find(|table| table.name == "t").unwrap();
        (t.deleted == 100 && t.index_scans >= 1 && t.last_analyze.is_some()).then_some(t)
    })
    .await;
    let admin = test.connection().await;
    let told =
        "select seq_scan, seq_tup_read, idx_scan, n_tup_ins, n_tup_upd, n_tup_hot_upd, n_tup_del, n_live_tup,
            n_dead_tup, n_mod_since_analyze, pg_relation_size(relid), pg_indexes_size(relid)
        from pg_stat_user_tables where relname = 't'";
    let row = admin.query_one(told, &[]).await.unwrap();
    let told: Vec<i64> = (0..12).map(|column| row.get(column)).collect();
    let ours = [
        t.sequential_scans,
        t.sequential_rows,
        t.index_scans,
        t.inserted,
        t.updated,
        t.hot_updated,
        t.deleted,
        t.live_rows,
        t.dead_rows,
        t.changed_since_analyze,
        t.bytes.unwrap(),
        t.index_bytes,
    ];
    assert_eq!(ours.map(|count| i64::try_from(count).unwrap()).to_vec(), told);
    assert_eq!((t.rows, t.dead_rows > 0, t.is_partitioned, t.is_locked), (Some(900), true, false, false));

    let never = all(&test).await.0.into_iter().find(|table| table.name == "never").unwrap();
    assert_eq!(
        (never.rows, never.bytes, never.last_vacuum, never.last_autoanalyze),
        (None, None, None, None)
    );
    run(&admin, &["vacuum t"]).await;
    let t = all(&test).await.0.into_iter().find(|table| table.name == "t").unwrap();
    let told = "select pg_relation_size(reltoastrelid) + pg_indexes_size(reltoastrelid)
        from pg_class where relname = 't'";
    let told: i64 = admin.query_scalar(told, &[]).await.unwrap();
    // A vacuum that finds nothing to remove leaves the index's page count as it was.
    assert!(told > 90_000 && t.toast_bytes.abs_diff(told.unsigned_abs()) <= 8192, "{t:?} {told}");
}

#[tokio::test]
async fn an_index_says_what_it_stands_on() {
    let test = TestDatabase::empty().await;
    let worker = test.connection().await;
    run(
        &worker,
        &[
            "create table t (a int primary key, b text, c int, \"D d\" int unique)",
            "create index t_expression on t (lower(b), c desc) include (\"D d\") where c > 5",
            "create index t_hash on t using hash (b)",
            "insert into t values (1, 'x', 1, 1), (2, 'x', 1, 2)",
        ],
    )
    .await;
    assert!(worker.batch_execute("create unique index concurrently t_failed on t (b)").await.is_err());
    let (_, seen) = all(&test).await;
    let named = |name: &str| seen.iter().find(|index| index.name == name).unwrap_or_else(|| panic!("{name}"));
    let key = named("t_pkey");
    assert!(key.is_primary && key.is_unique && key.is_constraint && key.is_valid && key.bytes > 0);
    assert_eq!((&*key.table, &*key.method, &*key.columns), ("t", "btree", &["a".to_owned()][..]));
    let partial = named("t_expression");
    assert!(partial.is_partial && !partial.is_unique && !partial.is_constraint);
    assert_eq!(partial.columns, ["(expression)", "c"]);
    assert_eq!(partial.included, ["D d"]);
    assert_eq!(named("t_hash").method, "hash");
    assert!(!named("t_failed").is_valid);
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let test = TestDatabase::empty().await;
    let worker = test.connection().await;
    let schemas = ["create schema \"Z\"; create schema a; create schema \"ä\"; create schema \"q\"\"u\""];
    run(&worker, &schemas).await;
    for schema in ["public", "\"Z\"", "a", "\"ä\"", "\"q\"\"u\""] {
        for name in ["_t", "\"B\"", "a", "\"a b\"", "\"é\""] {
            run(&worker, &[&format!("create table {schema}.{name} (a int primary key)")]).await;
        }
    }
    run(&worker, &["create table p (a int) partition by range (a); create temp table gone ()"]).await;
    let (whole, keys) = all(&test).await;
    assert_eq!((whole.len(), keys.len()), (26, 25));
    assert!(
        whole.iter().any(|table| table.is_partitioned) && !whole.iter().any(|table| table.name == "gone")
    );
    assert!(whole.iter().map(Table::place).is_sorted() && keys.iter().map(Index::place).is_sorted());

    let sample = Sample::of(&test).await;
    let (mut place, mut paged, mut paged_keys) = (Place::start(), Vec::new(), Vec::new());
    loop {
        let page = tables(&sample.connection, &sample.capabilities, &place, 4).await.unwrap();
        let Some(last) = page.last() else { break };
        place = last.place();
        paged.extend(page.iter().map(Table::place));
    }
    assert_eq!(paged, whole.iter().map(Table::place).collect::<Vec<_>>());
    place = Place::start();
    loop {
        let page = indexes(&sample.connection, &sample.capabilities, &place, 7).await.unwrap();
        let Some(last) = page.last() else { break };
        place = last.place();
        paged_keys.extend(page.iter().map(Index::place));
    }
    assert_eq!(paged_keys, keys.iter().map(Index::place).collect::<Vec<_>>());
}
