//! What happens while a rotation is under way, each to end in a right table and a clear error.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{Either, poll_fn, select};
use pgkeel_pool::{Config, Pool};
use pgkeel_query::rotation::{RotationProblem, RotationState, Step};
use pgkeel_testkit::{Random, TestCluster, eventually, scaled};

use super::*;

/// Polls a rotation so many times, then drops it.
async fn dropped_after(polls: u64, rotation: impl Future) -> bool {
    let (mut rotation, mut left) = (pin!(rotation), polls);
    poll_fn(|context| {
        if rotation.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        left = left.saturating_sub(1);
        if left == 0 { Poll::Ready(false) } else { Poll::Pending }
    })
    .await
}

#[tokio::test]
async fn a_rotation_that_is_dropped_anywhere_goes_on_where_it_was() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let (rows, column) = (scaled(800, 20_000), emails());
    let connection = users(&database, &old, rows).await;
    let pool = Pool::lazy(Config::new(database.address().clone()).with_size(2, 0).unwrap());
    let rotation =
        Rotation::new(&new, &column).range_rows(100).most_rows(20).lease(Duration::from_millis(100));
    let (mut random, mut drops) = (Random::seeded(), 0);
    // It takes some 200 of them, as many as round trips at least, and a dozen to come to its first rows.
    while !dropped_after(1 + random.below(30), rotation.run(&pool, |_| {})).await {
        drops += 1;
    }
    assert!(drops > 5, "{drops}");
    // One that was dropped after its end was written, and before it was told, has another one behind it.
    let ended = rotation::rotations(&connection).await.unwrap().pop().unwrap();
    assert_eq!(ended.state, RotationState::Finished);
    let counts = ended.counts;
    assert_eq!((counts.rewritten, counts.cas_lost, counts.failed), (rows.cast_unsigned(), 0, 0));
    assert_eq!(by_key(&connection).await, under(K2, rows.cast_unsigned()));
    assert_eq!(opened(&connection, &new).await, (1..=rows).map(|id| (id, email(id))).collect());
}

#[tokio::test]
async fn a_server_that_restarts_interrupts_a_rotation_and_no_more() {
    let mut cluster = TestCluster::start().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = cluster.connection().await;
    connection.batch_execute(rotation::MIGRATIONS[0].1).await.unwrap();
    connection
        .batch_execute("create schema app; create table app.users (id int8 primary key, email bytea)")
        .await
        .unwrap();
    insert(&connection, &old, 1, 2_000).await;
    rotation::publish(&connection, &[emails()]).await.unwrap();
    // What is committed outlives the crash, unlike elsewhere in tests.
    connection.batch_execute("alter role all set synchronous_commit = on").await.unwrap();
    connection.batch_execute("checkpoint").await.unwrap();
    drop(connection);
    let (column, pool) =
        (emails(), Pool::lazy(Config::new(cluster.address().clone()).with_size(2, 0).unwrap()));
    let begun = tokio::sync::Notify::new();
    let rotation = Rotation::new(&new, &column)
        .most_rows(10)
        .range_rows(100)
        .rows_per_second(800)
        .lease(Duration::from_millis(500));
    let running = rotation.run(&pool, |_| begun.notify_one());
    let operator = async {
        begun.notified().await;
        cluster.crash().await;
        cluster.start_again().await;
    };
    let (ended, ()) = tokio::join!(running, operator);
    let counts = ended.unwrap().counts;
    assert_eq!((counts.rewritten, counts.cas_lost), (2_000, 0));
    let connection = cluster.connection().await;
    assert_eq!(by_key(&connection).await, under(K2, 2_000));
    assert_eq!(opened(&connection, &new).await.len(), 2_000);
    cluster.stop().await;
    let patient = rotation.clone().patience(Duration::from_millis(300));
    let gone = told(&patient.run(&pool, |_| {}).await.unwrap_err());
    assert!(gone.contains("looking at the table in the catalog failed "), "{gone}");
}

#[tokio::test]
async fn a_row_that_somebody_else_has_locked_is_waited_for_and_told_of_in_the_end() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let (connection, column) = (users(&database, &old, 200).await, emails());
    let other = database.connection().await;
    other.batch_execute("begin; select from app.users where id = 150 for update").await.unwrap();
    let rotation = Rotation::new(&new, &column).lock_timeout(Duration::from_millis(5));
    let refused =
        rotation.clone().patience(Duration::from_millis(200)).run(&connection, |_| {}).await.unwrap_err();
    assert!(
        matches!(refused, Error::Rotation(RotationProblem::Exhausted { attempts, .. }) if attempts > 2),
        "{refused:?}"
    );
    assert!(told(&refused).contains("writing a batch of cells failed"), "{}", told(&refused));
    assert!(told(&refused).contains("lock timeout (55P03)"), "{}", told(&refused));
    let left = by_key(&connection).await;
    assert_eq!(left, [(K1.to_owned(), 51), (K2.to_owned(), 149)], "smaller batches come to the very row");
    let waiting = rotation.run(&connection, |_| {});
    let unlock = async {
        tokio::time::sleep(Duration::from_millis(50)).await; // for it to meet the lock; it ends well if it does not
        other.batch_execute("rollback").await.unwrap();
    };
    let (ended, ()) = tokio::join!(waiting, unlock);
    assert_eq!(ended.unwrap().state, RotationState::Finished);
    assert_eq!(by_key(&connection).await, under(K2, 200));
}

#[tokio::test]
async fn time_limits_make_batches_smaller() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, 100).await;
    // So slow that a batch of 64 cannot be written within the limit, and one of a few can.
    connection
        .batch_execute(
            "create function app.slow() returns trigger language plpgsql as
                'begin perform pg_sleep(0.02); return new; end';
            create trigger slow before update on app.users for each row execute function app.slow();
            set statement_timeout = '500ms'",
        )
        .await
        .unwrap();
    let ended = rotated(&connection, &new).await;
    assert_eq!((ended.state, ended.counts.rewritten), (RotationState::Finished, 100));
    assert_eq!(by_key(&connection).await, under(K2, 100));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_told_of_at_once() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, 3).await;
    connection.batch_execute("alter table pgkeel.rotation alter ranges type int8").await.unwrap();
    let unreadable = Rotation::new(&new, &emails()).run(&connection, |_| {}).await.unwrap_err();
    assert!(
        matches!(unreadable, Error::Rotation(RotationProblem::Unreadable { step: Step::Look, .. })),
        "{unreadable:?}"
    );
    assert!(told(&unreadable).contains("looking at the rotation had an answer that cannot be read"));
}

#[tokio::test]
async fn a_session_that_may_not_write_is_refused_at_once() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, 3).await;
    connection.batch_execute("set default_transaction_read_only = on").await.unwrap();
    let refused = Rotation::new(&new, &emails()).run(&connection, |_| {}).await.unwrap_err();
    assert!(matches!(refused, Error::Rotation(RotationProblem::ReadOnly)), "{refused:?}");
    let found =
        rotation::verify(&connection, &new, &emails(), rotation::Depth::Full, None, |_| {}).await.unwrap();
    assert!(found.is_sound() && found.cells == 3, "who only reads may verify");
}

/// Runs a rotation that has read its rows, and is held up by a lock before it writes any; meanwhile something happens.
async fn meanwhile(rows: i64, happens: &str) -> (TestDatabase, Connection, Vault, rotation::RotationStatus) {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let (connection, column) = (users(&database, &old, rows).await, emails());
    let (other, onlooker) = (database.connection().await, database.connection().await);
    other.batch_execute("begin; lock table app.users in share row exclusive mode").await.unwrap();
    let rotation = Rotation::new(&new, &column).lock_timeout(Duration::from_secs(10));
    let ended = {
        let running = pin!(rotation.run(&connection, |_| {}));
        let waits = pin!(eventually("the rotation waits for the lock", async || {
            let sql = "select count(*) from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())";
            let waiting: i64 = onlooker.query_scalar(sql, &[]).await.unwrap();
            (waiting > 0).then_some(())
        }));
        let Either::Right(((), running)) = select(running, waits).await else { panic!("it did not wait") };
        other.batch_execute(&format!("{happens}; commit")).await.unwrap();
        running.await.unwrap()
    };
    (database, connection, new, ended)
}

#[tokio::test]
async fn a_row_that_is_deleted_or_changed_meanwhile_stays_as_it_became() {
    let (_database, connection, new, ended) =
        meanwhile(50, "delete from app.users where id = 7; update app.users set email = null where id = 8")
            .await;
    assert_eq!(
        (ended.state, ended.counts.rewritten, ended.counts.cas_lost),
        (RotationState::Finished, 48, 2)
    );
    let opened = opened(&connection, &new).await;
    assert!(opened.len() == 48 && !opened.contains_key(&7) && !opened.contains_key(&8));
}

/// Its value is bound to the key that the row had, so it does not open in either row: as without a rotation.
#[tokio::test]
async fn a_row_whose_primary_key_changes_meanwhile_is_told_of() {
    let (_database, connection, _, ended) =
        meanwhile(50, "update app.users set id = 1007 where id = 7").await;
    assert_eq!(
        (ended.state, ended.counts.rewritten, ended.counts.cas_lost),
        (RotationState::Finished, 49, 1)
    );
    let failures = rotation::failures(&connection, ended.id, 10).await.unwrap();
    assert_eq!((failures[0].row.columns(), failures.len()), (["1007".to_owned()].as_slice(), 1));
    assert_eq!(failures[0].class, rotation::FailureClass::Tampered);
    assert_eq!(by_key(&connection).await, [(K1.to_owned(), 1), (K2.to_owned(), 49)]);
}

#[tokio::test]
async fn a_rotation_to_another_key_waits_for_the_one_that_is_under_way() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let (connection, column) = (users(&database, &old, 1_000).await, emails());
    let other = database.connection().await;
    let rotation = Rotation::new(&new, &column).most_rows(10);
    assert!(!dropped_after(200, rotation.run(&connection, |_| {})).await);
    let third = vault(K3, &[K1, K2], &[]).await;
    let refused = Rotation::new(&third, &column).run(&other, |_| {}).await.unwrap_err();
    let expected = "of app.users.email to key 22222222 is under way: let it finish or cancel it, then rotate to 33333333";
    assert!(told(&refused).ends_with(expected), "{}", told(&refused));
    let id = rotation::rotations(&other).await.unwrap()[0].id;
    rotation::cancel(&other, id).await.unwrap();
    Rotation::new(&third, &column).run(&other, |_| {}).await.unwrap();
    assert_eq!(by_key(&other).await, under(K3, 1_000));
    assert_eq!(opened(&other, &third).await.len(), 1_000);
}

/// What the keyring becomes while a rotation is under way, and how that ends.
async fn reloaded(
    keyring: pgkeel_crypto::Keyring,
) -> (TestDatabase, Connection, Result<rotation::RotationStatus, Error>) {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let (connection, column) = (users(&database, &old, 300).await, emails());
    let keyring = std::sync::Mutex::new(Some(keyring));
    let reload =
        |_: &rotation::Progress| keyring.lock().unwrap().take().into_iter().for_each(|keys| new.reload(keys));
    let ended = Rotation::new(&new, &column).most_rows(50).run(&connection, reload).await;
    (database, connection, ended)
}

#[tokio::test]
async fn a_keyring_with_another_primary_key_ends_a_rotation_with_an_error() {
    let (_database, connection, ended) = reloaded(keyring(K3, &[K1, K2], &[]).await).await;
    let refused = told(&ended.unwrap_err());
    assert!(
        refused.contains("the keyring's primary key is 33333333 by now, the rotation is to 22222222"),
        "{refused}"
    );
    assert_eq!(by_key(&connection).await, [(K1.to_owned(), 250), (K2.to_owned(), 50)]);
    // It goes on once that is mended.
    assert_eq!(rotated(&connection, &vault(K2, &[K1], &[]).await).await.counts.rewritten, 300);
}

#[tokio::test]
async fn a_keyring_that_is_replaced_by_its_like_changes_nothing() {
    let (_database, connection, ended) = reloaded(keyring(K2, &[K1, K3], &[]).await).await;
    assert_eq!(ended.unwrap().counts.rewritten, 300);
    assert_eq!(by_key(&connection).await, under(K2, 300));
}

#[tokio::test]
async fn a_key_that_is_disabled_meanwhile_leaves_its_rows_and_names_the_cause() {
    let (_database, connection, ended) = reloaded(keyring(K2, &[], &[K1]).await).await;
    let ended = ended.unwrap();
    assert_eq!(
        (ended.state, ended.counts.rewritten, ended.counts.failed),
        (RotationState::Finished, 50, 250)
    );
    let failures = rotation::failures(&connection, ended.id, 1_000).await.unwrap();
    assert!(failures.iter().all(|failure| failure.class == rotation::FailureClass::DisabledKey));
    assert_eq!(rotated(&connection, &vault(K2, &[K1], &[]).await).await.counts.rewritten, 250);
}

#[tokio::test]
async fn a_trigger_that_takes_back_what_is_written_leaves_a_rotation_unsettled() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, 10).await;
    connection
        .batch_execute(
            "create function app.never() returns trigger language plpgsql as 'begin return null; end';
            create trigger never before update on app.users for each row when (old.id = 3) execute function app.never()",
        )
        .await
        .unwrap();
    let ended = rotated(&connection, &new).await;
    assert_eq!((ended.state, ended.pass), (RotationState::Unsettled, 5));
    assert_eq!((ended.counts.scanned, ended.counts.rewritten, ended.counts.cas_lost), (14, 9, 5));
}

/// As one that was stopped for so long that another one has its range by now.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_has_lost_its_lease_writes_nothing_there() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let (connection, column) = (users(&database, &old, 300).await, emails());
    let other = database.connection().await;
    let look = async || {
        let take = "update pgkeel.rotation_range set lease = lease + 1, owner = 'other', heartbeat_at = clock_timestamp()
            where number = 1 and pass = 1 and owner <> 'other'";
        let was_ours = other.execute(take, &[]).await.unwrap();
        let done = "select count(*) from app.users where id <= 100 and substring(email from 5 for 4) = '\\x22222222'";
        (was_ours, other.query_scalar::<i64>(done, &[]).await.unwrap())
    };
    let told = std::sync::Mutex::new(Vec::new());
    let observe = |progress: &rotation::Progress| {
        // Until it has gone through the other ranges.
        if progress.done.rewritten <= 210 {
            let now = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(look()));
            told.lock().unwrap().push(now);
        }
    };
    let rotation = Rotation::new(&new, &column).most_rows(10).range_rows(100).lease(Duration::from_secs(1));
    let ended = rotation.run(&connection, observe).await.unwrap();
    let seen = told.into_inner().unwrap();
    assert_eq!(seen[0], (1, 10), "the first batch was its own");
    assert!(seen[1..].iter().all(|now| *now == (0, 10)), "{seen:?}");
    assert!(seen.len() > 20, "it went on with the other ranges");
    assert_eq!((ended.counts.scanned, ended.counts.rewritten), (300, 300));
    assert_eq!(by_key(&connection).await, under(K2, 300));
}
