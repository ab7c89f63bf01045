//! Streams: all rows of one snapshot, a window of them at a time, and nothing left of those that nobody reads any more.

use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _};
use pgkeel_pool::{Begin as _, Config, Pool, Transaction as _};
use pgkeel_query::connect::Connection;
use pgkeel_query::{Entity, Error, Executor, Select, sql};
use pgkeel_testkit::{Direction, Proxy, Random, TestCluster, TestDatabase, eventually, is_soak, scaled};

#[derive(Debug, PartialEq, Entity)]
#[pgkeel(table = "rows", columns = r)]
struct Item {
    #[pgkeel(id)]
    id: i32,
    text: String,
}

async fn fill(on: &impl Executor, rows: i32, letters: i32) {
    sql!("create table rows(id int4 primary key, text text not null)").execute(on).await.unwrap();
    let fill = sql!("insert into rows select n, repeat('x', {letters}) from generate_series(1, {rows}) n");
    fill.execute(on).await.unwrap();
}

async fn of(rows: i32) -> (TestDatabase, Connection) {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    fill(&connection, rows, 3).await;
    (database, connection)
}

fn ids<'a>(above: i32) -> Select<'a, Item, (i32,)> {
    Item::select((r::id,)).filter(r::id.gt(above)).order_by(r::id.asc())
}

async fn cursors(on: &impl Executor) -> i64 {
    sql!("select count(*) from pg_cursors where name like 'pgkeel%'").scalar(on).await.unwrap()
}

#[tokio::test]
async fn all_rows_come_once_and_in_order_whatever_the_window() {
    let (database, mut connection) = of(20).await;
    let pool = crate::pool_of(&database);
    for window in [0, 1, 3, 10, 19, 20, 21, u32::MAX] {
        let tx = connection.begin().await.unwrap();
        let mut rows = ids(0).stream(&tx, window).await.unwrap();
        let mut came = Vec::new();
        while let Some((id,)) = rows.try_next().await.unwrap() {
            came.push(id);
        }
        assert_eq!(came, (1..=20).collect::<Vec<_>>(), "{window}");
        assert_eq!(rows.try_next().await.unwrap(), None);
        rows.close().await.unwrap();
        assert_eq!(cursors(&tx).await, 0, "at its end it closes its cursor");
        tx.commit().await.unwrap();
        let whole = Item::query().order_by(r::id.desc()).stream_from(&pool, window).await.unwrap();
        let whole: Vec<Item> = whole.into_stream().try_collect().await.unwrap();
        assert_eq!((whole.len(), whole[0].id, whole[19].id), (20, 20, 1), "{window}");
        let mut windows = ids(5).stream_from(&mut connection, window).await.unwrap();
        let mut sizes = Vec::new();
        loop {
            let rows = windows.next_window().await.unwrap();
            sizes.push(rows.len());
            if rows.is_empty() {
                break;
            }
        }
        assert_eq!(sizes.iter().sum::<usize>(), 15);
        assert!(sizes.iter().all(|size| *size <= window.max(1) as usize), "{sizes:?}");
    }
    let mut none = ids(20).stream_from(&pool, 3).await.unwrap();
    assert_eq!(none.try_next().await.unwrap(), None);
}

#[tokio::test]
async fn a_stream_is_of_one_snapshot_and_its_transaction_does_other_things_meanwhile() {
    let (database, mut connection) = of(20).await;
    let other = database.connection().await;
    let tx = connection.begin().await.unwrap();
    let mut one = ids(0).stream(&tx, 4).await.unwrap();
    let mut two = ids(10).stream(&tx, 3).await.unwrap();
    assert_eq!(one.try_next().await.unwrap(), Some((1,)));
    other.batch_execute("delete from rows where id % 2 = 0").await.unwrap();
    let (mut ones, mut twos) = (1, 0);
    while let Some((id,)) = one.try_next().await.unwrap() {
        sql!("update rows set text = 'seen' where id = {id}").execute(&tx).await.unwrap();
        ones += 1;
        twos += i32::from(two.try_next().await.unwrap().is_some());
    }
    assert_eq!((ones, twos), (20, 10));
    drop((one, two));
    tx.commit().await.unwrap();
    let seen = sql!("select count(*) from rows where text = 'seen'").scalar::<i64>(&other).await.unwrap();
    assert_eq!(seen, 9, "all but the first, as far as they are still there");
}

#[tokio::test]
async fn no_more_than_a_window_is_sent_ahead() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(Config::new(proxy.address()).with_size(1, 0).unwrap());
    let (rows, letters) = (scaled(20_000, 500_000), 1_000);
    fill(&pool, rows, letters).await;
    let mut stream = Item::query().stream_from(&pool, 100).await.unwrap();
    let before = proxy.passed(Direction::ToClient);
    let memory = resident();
    let mut most = 0;
    for came in 1.. {
        let Some(item) = stream.try_next().await.unwrap() else { break };
        assert_eq!(item.text.len(), 1_000);
        let sent = proxy.passed(Direction::ToClient) - before;
        let windows = u64::try_from(came + 99).unwrap() / 100;
        assert!(sent < (windows + 1) * 100 * 1_100, "{sent} bytes were sent for {came} rows");
        if came % 1_000 == 0 {
            most = most.max(resident().saturating_sub(memory));
        }
    }
    if is_soak() {
        assert!(most < 64 << 20, "{most} bytes more than before");
    }
}

/// Memory of this process, in bytes (Linux; elsewhere what was sent tells enough).
fn resident() -> u64 {
    let told = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    told.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4_096
}

/// Nothing of a stream's statements is on the server, and the pool's only session is as new.
async fn is_clean(pool: &Pool, looks_on: &Connection) {
    let dropped = Instant::now();
    eventually("no window is under way", async || {
        let active = sql!(
            "select count(*) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()
             and (state <> 'idle') and query like '%pgkeel:stream%'"
        );
        (active.scalar::<i64>(looks_on).await.unwrap() == 0).then_some(())
    })
    .await;
    assert!(!is_soak() || dropped.elapsed() < Duration::from_secs(1), "{:?}", dropped.elapsed());
    assert_eq!(cursors(pool).await, 0);
    let (writes, isolation): (String, String) =
        sql!("select current_setting('transaction_read_only'), current_setting('transaction_isolation')")
            .fetch_one(pool)
            .await
            .unwrap();
    assert_eq!((writes.as_str(), isolation.as_str()), ("off", "read committed"));
}

#[tokio::test]
async fn a_stream_that_is_dropped_anywhere_leaves_nothing_to_the_next_user() {
    let (database, connection) = of(300).await;
    let pool = crate::pool_of(&database);
    let mut random = Random::seeded();
    for round in 0..scaled(40, 1_000) {
        let window = 1 + u32::try_from(random.below(100)).unwrap();
        let reads = random.below(300);
        let patience = Duration::from_micros(random.below(3_000));
        let reading = async {
            let mut rows = ids(0).stream_from(&pool, window).await?;
            for _ in 0..reads {
                if rows.try_next().await?.is_none() {
                    break;
                }
            }
            Ok::<(), Error>(())
        };
        if let Ok(done) = tokio::time::timeout(patience, reading).await {
            done.unwrap();
        }
        is_clean(&pool, &connection).await;
        let next = ids(290).fetch_all(&pool).await.unwrap();
        assert_eq!(next, (291..=300).map(|id| (id,)).collect::<Vec<_>>(), "round {round}");
    }
}

#[tokio::test]
async fn a_window_that_is_dropped_is_cancelled_and_the_stream_says_that_rows_are_lost() {
    let (database, connection) = of(20).await;
    connection
        .batch_execute(
            "alter table rows rename to stored;
             create function slowly(n int4) returns int4 language plpgsql volatile as
             'begin if n = 11 then perform pg_sleep(600); end if; return n; end';
             create view rows as select slowly(id) as id, text from stored offset 0",
        )
        .await
        .unwrap();
    let pool = crate::pool_of(&database);
    let tx = pool.begin().await.unwrap();
    let mut rows = Item::select((r::id,)).stream(&tx, 5).await.unwrap();
    for id in 1..=10 {
        assert_eq!(rows.try_next().await.unwrap(), Some((id,)));
    }
    let cut = tokio::time::timeout(Duration::from_millis(50), rows.try_next()).await;
    assert!(cut.is_err(), "the third window sleeps");
    assert!(matches!(rows.try_next().await, Err(Error::StreamLost)), "no row is passed over unsaid");
    drop(rows);
    drop(tx);
    is_clean(&pool, &connection).await;
    let mut own = Item::select((r::id,)).stream_from(&pool, 5).await.unwrap();
    own.next_window().await.unwrap();
    own.next_window().await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(50), own.next_window()).await.is_err());
    drop(own);
    is_clean(&pool, &connection).await;
}

#[tokio::test]
async fn streams_that_are_left_hold_their_cursors_until_the_end_and_are_counted() {
    let (_database, mut connection) = of(20).await;
    let tx = connection.begin().await.unwrap();
    for _ in 0..40 {
        let mut rows = ids(0).stream(&tx, 3).await.unwrap();
        rows.try_next().await.unwrap();
        rows.close().await.unwrap();
    }
    for left in 0..16 {
        assert_eq!(cursors(&tx).await, left);
        let mut rows = ids(0).stream(&tx, 3).await.unwrap();
        rows.try_next().await.unwrap();
    }
    let error = ids(0).stream(&tx, 3).await.unwrap_err();
    assert!(matches!(error, Error::TooManyStreams { most: 16 }), "{error:?}");
    assert_eq!(ids(18).fetch_all(&tx).await.unwrap().len(), 2, "the transaction goes on");
    tx.commit().await.unwrap();
    assert_eq!(cursors(&connection).await, 0);
}

#[tokio::test]
async fn streams_that_are_opened_at_the_same_time_are_several() {
    let (database, _connection) = of(20).await;
    let pool = crate::pool_of(&database);
    let tx = pool.begin().await.unwrap();
    let most = futures_util::future::join_all((0..16).map(|from| ids(from).stream(&tx, 3))).await;
    for (from, rows) in (0..).zip(most) {
        let came: Vec<(i32,)> = rows.unwrap().into_stream().try_collect().await.unwrap();
        assert_eq!(came, (from + 1..=20).map(|id| (id,)).collect::<Vec<_>>());
    }
    assert_eq!(cursors(&tx).await, 0);
    let in_short = async || -> Result<(), Error> {
        let mut rows = ids(17).stream(&tx, 9).await?;
        rows.try_next().await?;
        rows.close().await
    };
    for _ in 0..40 {
        tokio::try_join!(in_short(), in_short(), in_short()).unwrap();
    }
    let refused = futures_util::future::join_all((0..17).map(|_| ids(0).stream(&tx, 3))).await;
    let error = refused.into_iter().find_map(Result::err).unwrap();
    assert!(matches!(error, Error::TooManyStreams { most: 16 }), "{error:?}");
    tx.rollback().await.unwrap();
}

#[tokio::test]
async fn what_ends_the_transaction_ends_the_stream_with_an_error() {
    let (_database, mut connection) = of(20).await;
    let tx = connection.begin().await.unwrap();
    tx.batch_execute("savepoint s").await.unwrap();
    let mut rows = ids(0).stream(&tx, 3).await.unwrap();
    rows.try_next().await.unwrap();
    tx.batch_execute("rollback to savepoint s").await.unwrap();
    let mut came = 1;
    let error = loop {
        match rows.try_next().await {
            Ok(row) => came += i32::from(row.is_some()),
            Err(error) => break error,
        }
    };
    assert_eq!((came, error.code().unwrap().code()), (3, "34000"), "what had come is read");
    assert!(matches!(rows.try_next().await, Err(Error::StreamLost)));
    drop(rows);
    tx.rollback().await.unwrap();
    let division = sql!("select 1 / 0").text();
    let tx = connection.begin().await.unwrap();
    let mut rows = ids(0).stream(&tx, 30).await.unwrap();
    tx.batch_execute(division).await.unwrap_err();
    assert_eq!(rows.try_next().await.unwrap_err().code().unwrap().code(), "25P02");
}

#[tokio::test]
async fn a_server_that_goes_ends_the_stream_with_an_error() {
    let mut cluster = TestCluster::start().await;
    let pool = Pool::lazy(Config::new(cluster.address().clone()).with_size(1, 0).unwrap());
    fill(&pool, 20, 3).await;
    let mut rows = ids(0).stream_from(&pool, 5).await.unwrap();
    assert_eq!(rows.try_next().await.unwrap(), Some((1,)));
    cluster.crash().await;
    let mut came = 1;
    let error = loop {
        match rows.try_next().await {
            Ok(row) => came += i32::from(row.is_some()),
            Err(error) => break error,
        }
    };
    assert_eq!(came, 5, "{error:?}");
    assert!(matches!(error, Error::Database(_)), "{error:?}");
    assert!(matches!(rows.try_next().await, Err(Error::StreamLost)));
}

#[tokio::test]
async fn values_go_with_a_stream_and_none_is_shown_and_texts_are_prepared_once() {
    let (database, _connection) = of(20).await;
    let pool = crate::pool_of(&database);
    for text in ["xxx", "Zanzibar4711", "xxx"] {
        let statement = Item::query().filter(r::text.eq(text)).limit(7);
        let rows = statement.stream_from(&pool, 3).await.unwrap();
        assert!(!format!("{rows:?}").contains("4711"));
        let mut rows = pin!(rows.into_stream());
        let mut came = 0;
        while let Some(row) = rows.next().await {
            assert_eq!(row.unwrap().text, "xxx");
            came += 1;
        }
        assert_eq!(came, if text == "xxx" { 7 } else { 0 });
    }
    let kept = sql!("select count(*) from pg_prepared_statements where statement like 'declare%'");
    assert_eq!(kept.scalar::<i64>(&pool).await.unwrap(), 1);
    let kept = sql!("select count(*) from pg_prepared_statements where statement like 'fetch%'");
    assert_eq!(kept.scalar::<i64>(&pool).await.unwrap(), 0);
    let locked = Item::query().for_update().stream_from(&pool, 3).await.unwrap_err();
    assert_eq!(locked.code().unwrap().code(), "25006", "the transaction is read-only");
}

#[tokio::test]
async fn a_temporary_table_is_not_taken_for_the_servers_list_of_cursors() {
    let (_database, mut connection) = of(9).await;
    let table = sql!(
        "create temporary table pg_cursors as select 'pgkeel:stream ' || n as name from generate_series(1, 16) n"
    );
    table.execute(&connection).await.unwrap();
    let mut rows = ids(0).stream_from(&mut connection, 10).await.unwrap();
    assert_eq!(rows.next_window().await.unwrap().len(), 9);
}
