//! A schema of many tables.

use std::time::{Duration, Instant};

use pgkeel_connect::Executor as _;
use pgkeel_migrate::Snapshot;
use pgkeel_testkit::{TestDatabase, is_soak, scaled};

use super::all;
use crate::times::Times;

/// Of a snapshot of 2,500 objects.
const BOUND: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_large_schema_is_read_whole() {
    // Of 130 tables there are 2,500 objects.
    for tables in scaled(&[60][..], &[130, 600]) {
        read_whole(*tables).await;
    }
}

async fn read_whole(tables: usize) {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let make = format!(
        "do $$ begin for i in 1..{tables} loop
            execute format('create table t%s (id bigserial primary key, a int not null default 1 check (a > 0), b text,
                c varchar(20) not null, d timestamptz default now(), e numeric(10, 2), f jsonb, g uuid, h bool not null default false,
                p bigint references t%s, q text collate \"C\", r date)', i, greatest(i - 1, 1));
            execute format('create index on t%s (a, b)', i);
            execute format('create index on t%s (p) where h', i);
            execute format('comment on table t%s is %L', i, 'table ' || i);
            if i % 5 = 0 then
                execute format('create view v%s as select id, a, b from t%s where h', i, i);
                execute format('create function f%s(x int) returns int language sql as $f$ select x + 1 $f$', i);
            end if;
        end loop; end $$"
    );
    connection.batch_execute(&make).await.unwrap();
    let (mut times, mut last) = (Times::default(), None);
    for _ in 0..scaled(2, 50) {
        let start = Instant::now();
        last = Some(Snapshot::take(&connection, &all()).await.unwrap());
        times.add(start.elapsed());
    }
    let snapshot = last.unwrap();
    let start = Instant::now();
    let text = snapshot.to_text();
    let fingerprint = snapshot.fingerprint();
    let written = start.elapsed();
    println!(
        "check 7: a snapshot of {tables} tables, {} objects, {} attributes: {times} (bound of 2,500 objects {BOUND:?}); text and \
         fingerprint in {written:.1?}",
        snapshot.len(),
        text.lines().count() - 2
    );
    assert!(!is_soak() || snapshot.len() > 2600 || times.quantile(50) < BOUND);
    // A table, 12 columns, 3 constraints, 2 indexes and a sequence each.
    assert!(snapshot.len() >= tables * 19 + tables / 5 * 2, "{}", snapshot.len());
    assert_eq!(Snapshot::parse(&text).unwrap().fingerprint(), fingerprint);
}
