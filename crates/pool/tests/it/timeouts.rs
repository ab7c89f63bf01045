//! Every wait has a bound, and the error names the step.

use std::time::{Duration, Instant};

use pgkeel_pool::{Config, Error, Executor as _, Hooks, Pool, Session, Step};
use pgkeel_testkit::{PATIENCE, Proxy, TestDatabase, eventually, is_soak, scaled};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::{config_of, rest};

const SHORT: Duration = Duration::from_millis(200);

/// Asks for a session that does not come, and looks at when that is told. The step that the error names.
async fn asked_in_vain(what: &str, pool: &Pool, limit: Duration) -> Step {
    let asked = Instant::now();
    let error = pool.session().await.unwrap_err();
    let took = asked.elapsed();
    println!("check 12: {what}: deadline {limit:?}, error after {took:?}");
    let most = if is_soak() { limit + limit / 20 + Duration::from_millis(10) } else { limit + PATIENCE };
    assert!(took >= limit && took <= most, "{what}: {took:?}");
    assert!(error.is_safe_to_retry());
    let Error::AcquireTimeout { step, waited, .. } = error else { panic!("{what}: {error:?}") };
    assert!(waited >= limit && waited <= took, "{what}: {waited:?}");
    step
}

#[tokio::test]
async fn a_full_pool_is_waited_for_only_so_long() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 1, 0).with_timeout(SHORT));
    let _held = pool.session().await.unwrap();
    let error = pool.session().await.unwrap_err();
    let Error::AcquireTimeout { step: Step::Wait, stats, .. } = &error else { panic!("{error:?}") };
    assert_eq!((stats.in_use, stats.waiting), (1, 0));
    assert_eq!(pool.stats().timeouts_total, 1);
    for _ in 0..scaled(1, 20) {
        assert_eq!(asked_in_vain("a full pool", &pool, SHORT).await, Step::Wait);
    }
}

#[tokio::test]
async fn a_pause_is_named_as_what_was_waited_for() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 1, 0).with_timeout(SHORT));
    assert_eq!(pool.pause(PATIENCE).await, 0);
    let error = pool.session().await.unwrap_err();
    assert!(error.to_string().contains("the pause of the pool did not end"), "{error}");
    for _ in 0..scaled(1, 20) {
        assert_eq!(asked_in_vain("a paused pool", &pool, SHORT).await, Step::Pause);
    }
    pool.resume();
    assert_eq!(pool.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
}

#[tokio::test]
async fn connecting_counts_towards_the_same_bound() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    proxy.black_hole();
    let pool = Pool::lazy(Config::new(proxy.address()).with_timeout(SHORT));
    assert_eq!(asked_in_vain("connecting", &pool, SHORT).await, Step::Connect);
    assert_eq!((pool.stats().sessions(), pool.stats().connecting), (1, 1), "it goes on connecting");
    proxy.pass();
    assert_eq!(pool.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
}

/// The address of a server that answers the question for TLS, and then says nothing more.
async fn silent_after(answer: u8) -> pgkeel_pool::connect::Address {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.read_exact(&mut [0; 8]).await;
            let _ = socket.write_all(&[answer]).await;
            silent.push(socket);
        }
    });
    format!("postgres://u@127.0.0.1:{port}/d?sslmode=prefer").parse().unwrap()
}

/// Also where a server answers at first.
#[tokio::test]
async fn a_server_that_falls_silent_while_connecting_is_waited_for_only_so_long() {
    let limit = scaled(SHORT, Duration::from_secs(2));
    for (what, answer) in [("a TLS handshake", b'S'), ("authentication", b'N')] {
        let pool = Pool::lazy(Config::new(silent_after(answer).await).with_timeout(limit));
        for _ in 0..scaled(1, 3) {
            assert_eq!(asked_in_vain(what, &pool, limit).await, Step::Connect);
        }
    }
}

/// Whatever a session is checked with, the deadline of its caller comes first.
#[tokio::test]
async fn checking_counts_towards_the_same_bound() {
    let database = TestDatabase::empty().await;
    let hooks = Hooks::new().before_acquire(|_| Box::pin(std::future::pending()));
    let hung = Pool::lazy(config_of(&database, 1, 0).with_timeout(SHORT).with_hooks(hooks));
    assert_eq!(asked_in_vain("a hook", &hung, SHORT).await, Step::Check);

    let proxy = Proxy::before(database.address()).await;
    for _ in 0..scaled(1, 10) {
        let config = Config::new(proxy.address()).with_size(1, 0).unwrap();
        let pool = Pool::lazy(config.with_timeout(SHORT).with_ping_timeout(PATIENCE));
        drop(pool.session().await.unwrap());
        rest().await;
        proxy.strand();
        assert_eq!(asked_in_vain("a check", &pool, SHORT).await, Step::Check);
    }
}

/// In the mix of waiting, checking and connecting there is one deadline.
#[tokio::test]
async fn the_deadline_holds_over_all_steps_together() {
    let limit = Duration::from_millis(300);
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let config = Config::new(proxy.address()).with_size(3, 0).unwrap();
    let config = config.with_timeout(limit).with_ping_timeout(Duration::from_millis(100));
    let pool = Pool::lazy(config);
    let held = [pool.session().await.unwrap(), pool.session().await.unwrap(), pool.session().await.unwrap()];
    drop(held);
    rest().await;
    proxy.black_hole();
    for _ in 0..scaled(3, 20) {
        assert_eq!(asked_in_vain("checking, then connecting", &pool, limit).await, Step::Connect);
    }
    proxy.pass();
    assert_eq!(pool.query_scalar::<i32>("select 1", &[]).await.unwrap(), 1);
}

/// A session that comes back in the middle of the wait and turns out dead.
#[tokio::test]
async fn the_deadline_holds_for_who_is_handed_a_dead_session() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let config = Config::new(proxy.address()).with_size(1, 0).unwrap().with_timeout(SHORT);
    let pool = Pool::lazy(config);
    for _ in 0..scaled(1, 10) {
        let held: Session = pool.session().await.unwrap();
        let returning = tokio::spawn(async move {
            tokio::time::sleep(SHORT / 2).await;
            drop(held);
        });
        pool.invalidate_all();
        proxy.black_hole();
        let step = asked_in_vain("waiting, then connecting", &pool, SHORT).await;
        assert!(matches!(step, Step::Connect | Step::Wait), "{step:?}"); // Its good-bye may take that long.
        returning.await.unwrap();
        proxy.pass();
        eventually("it works again", async || pool.query_scalar::<i32>("select 1", &[]).await.ok()).await;
    }
}

#[tokio::test]
async fn a_caller_who_gives_up_leaves_no_trace() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(config_of(&database, 1, 0));
    let held = pool.session().await.unwrap();
    for _ in 0..20 {
        let given_up = tokio::time::timeout(Duration::from_millis(1), pool.session()).await;
        assert!(given_up.is_err());
    }
    assert_eq!(pool.stats().waiting, 0);
    drop(held);
    let again = pool.session().await.unwrap();
    eventually("one session is out", async || (pool.stats().in_use == 1).then_some(())).await;
    drop(again);
}
