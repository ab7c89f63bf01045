//! Rotators that are killed while others write, and what is left in the end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pgkeel_query::rotation::{RotationState, RotationTask};
use pgkeel_testkit::{Random, is_soak, scaled};

use super::rotators::{operator, status};
use super::*;

/// Writes the rows of every so many, under the new key, until it is told to stop. Returns what they have now.
async fn writer(
    database: &TestDatabase,
    rows: i64,
    (number, of): (i64, i64),
    stop: &AtomicBool,
) -> BTreeMap<i64, String> {
    let (connection, new) = (database.connection().await, vault(K2, &[K1], &[]).await);
    let mut model: BTreeMap<i64, String> =
        (1..=rows).filter(|id| id % of == number).map(|id| (id, email(id))).collect();
    let mut random = Random::seeded().fork(number.cast_unsigned());
    for round in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let id =
            1 + (random.below(rows.cast_unsigned()).cast_signed() / of * of + number - 1).rem_euclid(rows);
        let Some(known) = model.get_mut(&id) else { continue };
        *known = format!("user-{id}-{round}@example.org");
        let cell = sealed(&new, id, known);
        let changed =
            connection.execute("update app.users set email = $2 where id = $1", &[&id, &cell]).await;
        assert_eq!(changed.unwrap(), 1);
    }
    model
}

/// The longest that a transaction of a rotator's was seen open that had written or locked a row: no lock outlives its transaction.
async fn longest_locks(database: &TestDatabase, stop: &AtomicBool) -> Duration {
    let connection = database.connection().await;
    let sql = "select coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0)::float8 from pg_stat_activity
        where application_name = 'rotator' and backend_xid is not null and datname = current_database()";
    let mut longest = Duration::ZERO;
    while !stop.load(Ordering::Relaxed) {
        let seconds: f64 = connection.query_scalar(sql, &[]).await.unwrap();
        longest = longest.max(Duration::from_secs_f64(seconds.max(0.0)));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    longest
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_and_written_meanwhile_each_row_is_right_and_counted_once() {
    let (rows, writers, kills) = (scaled(3_000, 200_000), scaled(2, 4), scaled(4, 20));
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, rows).await;
    connection
        .batch_execute(
            "create table app.rewritten (id int8 not null);
            create function app.note() returns trigger language plpgsql as
                'begin insert into app.rewritten values (new.id); return null; end';
            create trigger note after update on app.users for each row
                when (current_setting('application_name') = 'rotator') execute function app.note()",
        )
        .await
        .unwrap();
    let stop = AtomicBool::new(false);
    let writing = futures_util::future::join_all(
        (0..writers).map(|number| writer(&database, rows, (number, writers), &stop)),
    );
    let operating = async {
        let killed = operator(&database, &connection, RotationTask::Reseal, rows, kills).await;
        stop.store(true, Ordering::Relaxed);
        killed
    };
    let (models, longest, killed) = tokio::join!(writing, longest_locks(&database, &stop), operating);

    assert_eq!(by_key(&connection).await, under(K2, rows.cast_unsigned()));
    let model: BTreeMap<i64, String> = models.into_iter().flatten().collect();
    assert!(opened(&connection, &new).await == model, "no update is lost");
    let ended = status(&connection, RotationTask::Reseal).await.unwrap();
    let counts = ended.counts;
    println!("{counts:?} after {killed} kills in {:.1} s; no lock longer than {longest:?}", ended.seconds);
    assert_eq!((ended.state, counts.failed), (RotationState::Finished, 0));
    let noted = "select count(*), count(distinct id) from app.rewritten";
    let noted = connection.query_one(noted, &[]).await.unwrap();
    assert_eq!(
        (noted.get(0), noted.get(1)),
        (counts.rewritten.cast_signed(), counts.rewritten.cast_signed())
    );
    assert_eq!(counts.scanned, counts.rewritten + counts.cas_lost);
    assert!(counts.scanned <= rows.cast_unsigned(), "a row is counted once, whoever was killed");
    assert_eq!(killed, kills);
    if is_soak() {
        assert!(longest < Duration::from_millis(200), "{longest:?}");
    }
}
