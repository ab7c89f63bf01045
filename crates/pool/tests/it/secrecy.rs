//! What must never be read anywhere.

use std::fmt::Write as _;
use std::time::Duration;

use pgkeel_pool::connect::Address;
use pgkeel_pool::{Config, Error, Executor as _, Hooks, Pool, Transaction as _};
use pgkeel_testkit::{Auth, Direction, Log, Proxy, TestCluster, in_full};

use crate::{caller, until_waiting};

const CANARY: &str = "canary4711";

/// All that can be read of what happened, besides the log.
#[derive(Default)]
struct Seen {
    text: String,
    failures: usize,
}

impl Seen {
    fn error(&mut self, error: &Error) {
        self.text += &in_full(error);
        self.failures += 1;
    }

    fn pool(&mut self, pool: &Pool) {
        let _ = writeln!(self.text, "{pool:?} {:?} {} {:?}", pool.config(), pool.stats(), pool.times());
        let _ = writeln!(self.text, "{:?} {:?}", pool.slow_queries(), pool.statement_stats());
    }
}

/// Makes a pool fail in its many ways.
async fn fail_in_every_way(seen: &mut Seen, right: &TestCluster) {
    let short = Duration::from_millis(50);
    let proxy = Proxy::before(right.address()).await;
    let way = proxy.address();
    let (user, port) = (way.user(), way.hosts()[0].port());
    let wrong: Address =
        format!("postgres://{user}:{CANARY}wrong@127.0.0.1:{port}/postgres").parse().unwrap();
    let nowhere = way.clone().with_database("no_such_database");
    for (address, shut) in [(wrong.clone(), false), (nowhere, false), (wrong, true)] {
        if shut {
            proxy.refuse();
        }
        let pool = Pool::lazy(Config::new(address));
        for _ in 0..4 {
            seen.error(&pool.session().await.unwrap_err());
        }
        seen.pool(&pool);
        proxy.pass();
    }
    let config = Config::new(way).with_size(1, 0).unwrap();
    let config = config
        .with_slow_query_threshold(Some(Duration::ZERO))
        .with_leak_threshold(Some(short))
        .with_sql_echo(true);
    let pool = Pool::connect(config).await.unwrap();
    for _ in 0..4 {
        seen.error(&pool.execute("select 1/0, 'canary4711'", &[]).await.unwrap_err());
        seen.error(&pool.execute("select $1::text::int", &[&CANARY]).await.unwrap_err());
        let tx = pool.begin().await.unwrap();
        tx.execute("no such statement", &[]).await.unwrap_err();
        seen.error(&tx.commit().await.unwrap_err());
        let _ = tokio::time::timeout(short, pool.execute("select pg_sleep(9), 'canary4711'", &[])).await;
        let tx = pool.begin().await.unwrap();
        tx.execute("create temp table t(v text)", &[]).await.unwrap();
        proxy.cut_after(Direction::ToClient, 0);
        seen.error(&tx.commit().await.unwrap_err());
        proxy.pass();
    }
    let held = pool.session().await.unwrap();
    pool.reload((*pool.config()).clone().with_timeout(short));
    seen.error(&pool.session().await.unwrap_err());
    seen.pool(&pool);
    drop(held);
    pool.close(short).await;
    seen.error(&pool.session().await.unwrap_err());
    fail_in_hooks(seen, proxy.address()).await;
}

/// What callers bring along fails as well, by an error or a panic that quotes what it should not.
async fn fail_in_hooks(seen: &mut Seen, address: Address) {
    let quoting = Hooks::new()
        .after_connect(|connection| Box::pin(connection.batch_execute("select 1/0, 'canary4711'")));
    let panicking = Hooks::new().after_connect(|_| Box::pin(async { panic!("{CANARY}") }));
    for hooks in [quoting, panicking] {
        let pool = Pool::lazy(Config::new(address.clone()).with_hooks(hooks));
        seen.error(&pool.session().await.unwrap_err());
        seen.pool(&pool);
    }
    let pool = Pool::lazy(Config::new(address).with_size(1, 0).unwrap().with_max_waiting(1));
    let held = pool.session().await.unwrap();
    let waiting = caller(&pool);
    until_waiting(&pool, 1).await;
    seen.error(&pool.session().await.unwrap_err());
    let _ = writeln!(seen.text, "{held:?} {:?}", held.connection());
    drop(held);
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn neither_password_nor_values_are_read_anywhere() {
    let cluster = TestCluster::start_with(|options| options.auth(Auth::Scram(CANARY.into()))).await;
    let (log, mut seen) = (Log::of_this_process(), Seen::default());
    fail_in_every_way(&mut seen, &cluster).await;
    let Seen { text, failures } = seen;
    let text = text + &log.text();
    println!("check 15: {failures} forced failures, {} bytes of text", text.len());
    assert!(failures >= 30 && text.contains("slow statement"), "{failures}");
    let lines: Vec<&str> = text.lines().filter(|line| line.contains(CANARY)).collect();
    assert!(lines.is_empty(), "{lines:?}");
}
