//! Workers that share a rotation, and are paused, resumed, cancelled and held back.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use pgkeel_query::rotation::{Progress, RotationState};
use pgkeel_testkit::eventually;

use super::*;

#[tokio::test]
async fn a_rotation_goes_over_all_rows_once_and_counts_them_exactly() {
    let database = database().await;
    let (old, new) = (vault(K1, &[K2], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, 2_500).await;
    insert(&connection, &new, 2_501, 2_600).await;
    connection.execute("insert into app.users (id) values (3000)", &[]).await.unwrap();
    connection.batch_execute("analyze app.users").await.unwrap();
    let told = Mutex::new(Vec::<Progress>::new());
    let ended = Rotation::new(&new, &emails())
        .range_rows(700)
        .run(&connection, |progress| told.lock().unwrap().push(progress.clone()))
        .await
        .unwrap();
    assert_eq!(
        (ended.state, ended.to_key, ended.column.as_str()),
        (RotationState::Finished, key(K2), "app.users.email")
    );
    let counts = ended.counts;
    assert_eq!((counts.scanned, counts.rewritten, counts.cas_lost, counts.failed), (2_500, 2_500, 0, 0));
    assert_eq!(by_key(&connection).await, under(K2, 2_600));
    assert_eq!(opened(&connection, &new).await, (1..=2_600).map(|id| (id, email(id))).collect());
    let told = told.into_inner().unwrap();
    assert!(told.is_sorted_by_key(|progress| progress.done.scanned));
    assert_eq!(told.last().unwrap().done, counts);
    assert_eq!(told.last().unwrap().pass, 2, "the last pass finds nothing");
    let left: Vec<f64> =
        told.iter().filter(|progress| progress.pass == 1).filter_map(|progress| progress.left).collect();
    assert!(left[0] > 0.9 && left.last().unwrap() < &0.5, "{left:?}");
    // What is left of it is its row alone.
    let ranges: i64 =
        connection.query_scalar("select count(*) from pgkeel.rotation_range", &[]).await.unwrap();
    assert_eq!(ranges, 0);
    // And once more there is nothing to do.
    let again = rotated(&connection, &new).await;
    assert_eq!((again.state, again.pass, again.counts.scanned), (RotationState::Finished, 1, 0));
    assert_eq!(rotation::rotations(&connection).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_table_that_is_one_range_is_told_of_by_its_rows() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, 200).await;
    connection.batch_execute("analyze app.users").await.unwrap();
    let told = Mutex::new(Vec::<Progress>::new());
    let column = emails();
    let rotation = Rotation::new(&new, &column).most_rows(50);
    rotation.run(&connection, |progress| told.lock().unwrap().push(progress.clone())).await.unwrap();
    let told = told.into_inner().unwrap();
    let first: Vec<f64> =
        told.iter().filter(|progress| progress.pass == 1).filter_map(|progress| progress.left).collect();
    assert!(first[0] < 1.0 && first.is_sorted_by(|before, after| before >= after), "{first:?}");
    assert_eq!(first.last(), Some(&0.0), "{first:?}");
    let is_told = |progress: &Progress| progress.seconds_left.is_some() == (progress.pass == 1);
    assert!(told.iter().all(is_told), "nothing was read of the second pass: {told:?}");
}

#[tokio::test]
async fn of_each_column_the_newest_rotation_is_told_of_among_thousands() {
    let database = database().await;
    let vault = vault(K1, &[], &[]).await;
    let connection = users(&database, &vault, 1).await;
    let old = "insert into pgkeel.rotation (column_id, to_key, started_by, task, other_column, state, finished_at)
        select id, '11111111', 'test', task, other, 'finished', now()
        from pgkeel.sealed_column, (values ('adopt', 'plain'), ('reseal', null)) as v(task, other), generate_series(1, 2500)
        order by v.task";
    connection.execute(old, &[]).await.unwrap();
    let newest = rotation::newest_rotations(&connection).await.unwrap();
    assert_eq!(newest.iter().map(|rotation| rotation.id).collect::<Vec<_>>(), [5_000, 2_500]);
    assert_eq!(rotation::rotations(&connection).await.unwrap().len(), 1_000);
}

fn spawnable<F: Future + Send>(future: F) -> F {
    future
}

#[tokio::test]
async fn several_workers_share_a_rotation() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, 3_000).await;
    let column = emails();
    let one = async |name: &str| {
        let connection = database.connection().await;
        let done = Mutex::new(0);
        let rotation = Rotation::new(&new, &column).owner(name).range_rows(100).most_rows(50);
        let running = rotation.run(&connection, |progress| *done.lock().unwrap() = progress.done.rewritten);
        let ended = spawnable(running).await;
        (ended.unwrap(), done.into_inner().unwrap())
    };
    let (a, b, c) = tokio::join!(one("a"), one("b"), one("c"));
    assert!(a.0.id == b.0.id && b.0.id == c.0.id, "they have joined one rotation");
    assert_eq!(a.0.counts.rewritten, 3_000);
    assert_eq!(a.1 + b.1 + c.1, 3_000);
    assert!(a.1 > 0 && b.1 > 0 && c.1 > 0, "{} {} {}", a.1, b.1, c.1);
    assert_eq!(by_key(&connection).await, under(K2, 3_000));
}

#[tokio::test]
async fn a_rotation_is_paused_resumed_and_cancelled_from_outside() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, 2_000).await;
    let (column, begun) = (emails(), tokio::sync::Notify::new());
    let worker = async {
        let connection = database.connection().await;
        // Slow enough that it cannot be done before it is told otherwise.
        let rotation = Rotation::new(&new, &column).rows_per_second(100).most_rows(10).range_rows(100);
        rotation.run(&connection, |_| begun.notify_one()).await.unwrap()
    };
    let scanned = async || rotation::rotations(&connection).await.unwrap()[0].counts.scanned;
    let operator = async {
        begun.notified().await;
        let id = rotation::rotations(&connection).await.unwrap()[0].id;
        rotation::pause(&connection, id).await.unwrap();
        let given_back =
            "select count(*) from pgkeel.rotation_range where heartbeat_at is not null and not is_done";
        eventually("the worker gives its range back", async || {
            let held: i64 = connection.query_scalar(given_back, &[]).await.unwrap();
            (held == 0).then_some(())
        })
        .await;
        let so_far = scanned().await;
        assert_eq!(rotation::rotations(&connection).await.unwrap()[0].state, RotationState::Paused);
        rotation::resume(&connection, id).await.unwrap();
        eventually("the worker goes on", async || (scanned().await > so_far).then_some(())).await;
        rotation::cancel(&connection, id).await.unwrap();
        let refused = rotation::resume(&connection, id).await.unwrap_err();
        assert!(told(&refused).ends_with(&format!("no rotation {id} is under way")), "{}", told(&refused));
    };
    let (ended, ()) = tokio::join!(worker, operator);
    assert_eq!(ended.state, RotationState::Cancelled);
    let counts = ended.counts;
    assert!(counts.rewritten < 2_000 && counts.rewritten == counts.scanned);
    let expected = [(K1.to_owned(), 2_000 - counts.rewritten), (K2.to_owned(), counts.rewritten)];
    assert_eq!(by_key(&connection).await, expected);
    // One that is begun later does the rest, and no more.
    assert_eq!(rotated(&connection, &new).await.counts.scanned, 2_000 - counts.rewritten);
}

#[tokio::test]
async fn a_pause_is_waited_for_no_longer_than_told() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, 10).await;
    let begin = "insert into pgkeel.rotation (column_id, to_key, state, started_by) select id, $1, 'paused', 'test' from pgkeel.sealed_column";
    connection.execute(begin, &[&K2]).await.unwrap();
    let column = emails();
    let rotation = Rotation::new(&new, &column).longest_pause(Duration::from_millis(1));
    let refused = rotation.run(&connection, |_| {}).await.unwrap_err();
    assert!(told(&refused).contains("was paused for"), "{}", told(&refused));
    assert_eq!(by_key(&connection).await, under(K1, 10));
}

#[tokio::test]
async fn a_rate_is_not_exceeded() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, 300).await;
    let (column, begun) = (emails(), Instant::now());
    let ended = Rotation::new(&new, &column)
        .rows_per_second(200)
        .range_rows(100)
        .run(&connection, |_| {})
        .await
        .unwrap();
    assert_eq!(ended.counts.rewritten, 300);
    assert!(begun.elapsed() > Duration::from_millis(1_400), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_of_one_call_share_a_rate() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let _connection = users(&database, &old, 400).await;
    let (column, begun) = (emails(), Instant::now());
    let rotation = Rotation::new(&new, &column).rows_per_second(200).range_rows(100);
    let one = async |rotation: Rotation<'_>| {
        let connection = database.connection().await;
        rotation.run(&connection, |_| {}).await.unwrap()
    };
    let (first, _) = tokio::join!(one(rotation.clone()), one(rotation.clone()));
    assert_eq!(first.counts.rewritten, 400);
    // Each of them alone would be through after a second.
    assert!(begun.elapsed() > Duration::from_millis(1_700), "{:?}", begun.elapsed());
}
