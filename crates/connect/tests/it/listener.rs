//! Notifications arrive, or the listener says that some may be missing.

use std::time::Duration;

use futures_util::StreamExt as _;
use pgkeel_connect::{
    Config, Connection, Error, Executor as _, Ident, Listener, ListenerEvent, ListenerOptions, Notification,
};
use pgkeel_testkit::{PATIENCE, Proxy, TestCluster, TestDatabase, eventually, scaled};
use tokio_postgres::error::SqlState;

fn channel(name: &'static str) -> Ident {
    Ident::new(name).expect("a name that PostgreSQL can have")
}

async fn next(listener: &mut Listener) -> ListenerEvent {
    let event = tokio::time::timeout(PATIENCE, listener.recv()).await.expect("something comes");
    event.expect("the runtime is there")
}

async fn notification(listener: &mut Listener) -> Notification {
    match next(listener).await {
        ListenerEvent::Notification(notification) => notification,
        other => panic!("a notification was expected, not {other:?}"),
    }
}

async fn lost(listener: &mut Listener) -> Error {
    match next(listener).await {
        ListenerEvent::Lost(error) => error,
        other => panic!("the loss of the connection was expected, not {other:?}"),
    }
}

async fn notify(from: &Connection, channel: &str, payload: &str) {
    from.execute("select pg_notify($1, $2)", &[&channel, &payload]).await.expect("it is sent");
}

/// The processes that last listened to something. One that is ending already may be among them.
async fn listening(watcher: &Connection) -> Vec<i32> {
    let sql = "select pid from pg_stat_activity
        where datname = current_database() and query ilike '%listen %' and pid <> pg_backend_pid()";
    let rows = watcher.query(sql, &[]).await.expect("rows");
    rows.iter().map(|row| row.get(0)).collect()
}

async fn terminate(from: &Connection, pids: &[i32]) {
    from.execute("select pg_terminate_backend(pid) from unnest($1::int[]) pid", &[&pids])
        .await
        .expect("they are told");
}

/// Waits until the server has handed out what was sent to the listener so far: an answer to it comes behind that.
async fn delivered(listener: &Listener, listened_to: &'static str) {
    listener.listen(channel(listened_to)).await.expect("it is listened to again");
}

#[tokio::test]
async fn notifications_arrive_in_their_order_with_their_sender() {
    let database = TestDatabase::empty().await;
    let sender = database.connection().await;
    let mut listener = Listener::connect(&database.config()).await.unwrap();
    for name in ["b", "a"] {
        listener.listen(channel(name)).await.unwrap();
    }
    for number in 0..100 {
        notify(&sender, if number % 2 == 0 { "a" } else { "b" }, &number.to_string()).await;
    }
    notify(&sender, "not listened to", "x").await;
    for number in 0..100 {
        let came = notification(&mut listener).await;
        assert_eq!(came.payload(), number.to_string());
        assert_eq!(came.channel(), if number % 2 == 0 { "a" } else { "b" });
        assert_eq!(Some(came.process_id()), sender.backend_pid());
    }
    listener.unlisten(channel("a")).await.unwrap();
    notify(&sender, "a", "unheard").await;
    notify(&sender, "b", "heard").await;
    assert_eq!(listener.next().await.map(|event| format!("{event:?}").contains("\"b\"")), Some(true));
    assert!(listener.try_recv().is_none());
    listener.close().await;
}

#[tokio::test]
async fn names_that_need_quoting_and_the_longest_payload_come_through() {
    let database = TestDatabase::empty().await;
    let sender = database.connection().await;
    let mut listener = Listener::connect(&database.config()).await.unwrap();
    let payload = "é".repeat(3999) + "x";
    assert_eq!(payload.len(), 7999);
    for name in ["Mixed Case", "semi;colon\"quote'", "select", "日本", &"x".repeat(63)] {
        listener.listen(Ident::new(name.to_owned()).unwrap()).await.unwrap();
        notify(&sender, name, &payload).await;
        let came = notification(&mut listener).await;
        assert_eq!((came.channel(), came.payload()), (name, payload.as_str()));
        assert!(!format!("{came:?}").contains('é'), "payloads are not for logs");
    }
}

#[tokio::test]
async fn a_listener_whose_session_is_ended_says_so_and_listens_to_all_again() {
    let database = TestDatabase::empty().await;
    let sender = database.connection().await;
    let mut listener = Listener::connect(&database.config()).await.unwrap();
    for name in ["one", "two"] {
        listener.listen(channel(name)).await.unwrap();
    }
    listener.listen(channel("three")).await.unwrap();
    listener.unlisten(channel("three")).await.unwrap();
    for round in 0..scaled(3, 30) {
        notify(&sender, "one", "before").await;
        // A session that is told to end hands out nothing more, not even what it was told of before.
        delivered(&listener, "one").await;
        terminate(&sender, &listening(&sender).await).await;
        assert_eq!(notification(&mut listener).await.payload(), "before", "in round {round}");
        assert_eq!(lost(&mut listener).await.code(), Some(&SqlState::ADMIN_SHUTDOWN));
        assert!(matches!(next(&mut listener).await, ListenerEvent::Reconnected));
        for name in ["three", "two", "one"] {
            notify(&sender, name, name).await;
        }
        assert_eq!(notification(&mut listener).await.payload(), "two");
        assert_eq!(notification(&mut listener).await.payload(), "one");
    }
}

#[tokio::test]
async fn a_listener_outlives_its_servers_restart_and_takes_wishes_meanwhile() {
    let mut cluster = TestCluster::start().await;
    let mut listener = Listener::connect(&cluster.config()).await.unwrap();
    listener.listen(channel("before")).await.unwrap();
    cluster.stop().await;
    assert!(lost(&mut listener).await.is_disconnected());
    listener.listen(channel("meanwhile")).await.unwrap();
    cluster.start_again().await;
    assert!(matches!(next(&mut listener).await, ListenerEvent::Reconnected));
    let sender = cluster.connection().await;
    for name in ["before", "meanwhile"] {
        notify(&sender, name, "heard").await;
        assert_eq!(notification(&mut listener).await.channel(), name);
    }
}

#[tokio::test]
async fn a_connection_over_which_nothing_comes_any_more_is_found_out() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let options = ListenerOptions::new().with_check(Duration::from_millis(50), Duration::from_secs(1));
    let mut listener = Listener::connect_with(&Config::new(proxy.address()), options).await.unwrap();
    listener.listen(channel("c")).await.unwrap();
    proxy.strand();
    let error = lost(&mut listener).await;
    assert!(matches!(error, Error::Unanswered { .. }), "{error:?}");
    assert!(matches!(next(&mut listener).await, ListenerEvent::Reconnected));
    notify(&database.connection().await, "c", "heard").await;
    assert_eq!(notification(&mut listener).await.payload(), "heard");
}

#[tokio::test]
async fn listening_over_a_dead_connection_is_noted_within_its_bound() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let options = ListenerOptions::new().with_check(Duration::from_hours(1), Duration::from_millis(200));
    let mut listener = Listener::connect_with(&Config::new(proxy.address()), options).await.unwrap();
    proxy.strand();
    listener.listen(channel("c")).await.unwrap();
    assert!(matches!(lost(&mut listener).await, Error::Unanswered { .. }));
    assert!(matches!(next(&mut listener).await, ListenerEvent::Reconnected));
    notify(&database.connection().await, "c", "heard").await;
    assert_eq!(notification(&mut listener).await.payload(), "heard");
}

#[tokio::test]
async fn a_reader_who_is_too_slow_hears_how_much_was_dropped() {
    let database = TestDatabase::empty().await;
    let sender = database.connection().await;
    let options = ListenerOptions::new().with_buffer(10);
    let mut listener = Listener::connect_with(&database.config(), options).await.unwrap();
    listener.listen(channel("c")).await.unwrap();
    let many = "select pg_notify('c', n::text) from generate_series(1, 5000) n";
    sender.execute(many, &[]).await.unwrap();
    delivered(&listener, "c").await;
    for number in 1..=10 {
        assert_eq!(notification(&mut listener).await.payload(), number.to_string());
    }
    let dropped = next(&mut listener).await;
    assert!(matches!(dropped, ListenerEvent::Dropped { count: 4990 }), "{dropped:?}");
    notify(&sender, "c", "again").await;
    assert_eq!(notification(&mut listener).await.payload(), "again");
}

#[tokio::test]
async fn dropped_futures_lose_nothing() {
    let database = TestDatabase::empty().await;
    let sender = database.connection().await;
    let mut listener = Listener::connect(&database.config()).await.unwrap();
    listener.listen(channel("c")).await.unwrap();
    let count = scaled(200, 5000);
    let sending = tokio::spawn(async move {
        for number in 0..count {
            notify(&sender, "c", &number.to_string()).await;
        }
    });
    let (mut heard, mut given_up) = (0, 0);
    while heard < count {
        match tokio::time::timeout(Duration::from_micros(50), listener.recv()).await {
            Ok(Some(ListenerEvent::Notification(came))) => {
                assert_eq!(came.payload(), heard.to_string());
                heard += 1;
            }
            Ok(other) => panic!("{other:?}"),
            Err(_) => given_up += 1,
        }
    }
    assert!(given_up > 0, "some futures were dropped");
    sending.await.unwrap();
}

#[tokio::test]
async fn a_refusal_is_an_error_and_the_listener_goes_on() {
    let mut cluster = TestCluster::start().await;
    cluster.stop().await;
    std::fs::write(cluster.data_dir().join("standby.signal"), "").unwrap();
    cluster.start_again().await;
    let standby = Listener::connect(&cluster.config()).await.unwrap();
    for _ in 0..2 {
        let error = standby.listen(channel("c")).await.unwrap_err();
        assert!(matches!(error, Error::Server(_)), "{error:?}");
    }
}

#[tokio::test]
async fn dropping_a_listener_ends_its_session() {
    let database = TestDatabase::empty().await;
    let watcher = database.connection().await;
    let listener = Listener::connect(&database.config()).await.unwrap();
    listener.listen(channel("c")).await.unwrap();
    assert_eq!(listening(&watcher).await.len(), 1);
    drop(listener);
    eventually("the session is gone", async || listening(&watcher).await.is_empty().then_some(())).await;
}
