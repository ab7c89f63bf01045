//! What must never be read anywhere.

use std::error::Error as _;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pgkeel_pool::connect::Address;
use pgkeel_pool::{Begin as _, Config, Error, Executor as _, Pool, Transaction as _};
use pgkeel_testkit::{Auth, Direction, Proxy, TestCluster};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const CANARY: &str = "canary4711";

/// Keeps the text of everything that is logged, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = writeln!(self.0.lock().unwrap(), "{field}={value:?}");
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut cause = Some(value);
        while let Some(error) = cause {
            let _ = writeln!(self.0.lock().unwrap(), "{field}={error} {error:?}");
            cause = error.source();
        }
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Log {
    fn error(&self, error: &Error) {
        let mut text = self.0.lock().unwrap();
        let _ = writeln!(text, "{error} {error:?}");
        let mut cause = error.source();
        while let Some(error) = cause {
            let _ = writeln!(text, "{error} {error:?}");
            cause = error.source();
        }
    }

    fn pool(&self, pool: &Pool) {
        let mut text = self.0.lock().unwrap();
        let _ = writeln!(text, "{pool:?} {:?} {} {:?}", pool.config(), pool.stats(), pool.times());
        let _ = writeln!(text, "{:?}", pool.slow_queries());
    }
}

/// Makes a pool fail in its many ways; returns how often it did.
async fn fail_in_every_way(log: &Log, right: &TestCluster) -> usize {
    let mut failures = 0;
    let mut told = |error: &Error| {
        log.error(error);
        failures += 1;
    };
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
            told(&pool.session().await.unwrap_err());
        }
        log.pool(&pool);
        proxy.pass();
    }
    let config = Config::new(way).with_size(1, 0).unwrap();
    let config = config.with_slow_query_threshold(Some(Duration::ZERO)).with_leak_threshold(Some(short));
    let pool = Pool::connect(config).await.unwrap();
    for _ in 0..4 {
        told(&pool.execute("select 1/0, 'canary4711'", &[]).await.unwrap_err());
        told(&pool.execute("select $1::text::int", &[&CANARY]).await.unwrap_err());
        let tx = pool.begin().await.unwrap();
        tx.execute("no such statement", &[]).await.unwrap_err();
        told(&tx.commit().await.unwrap_err());
        let _ = tokio::time::timeout(short, pool.execute("select pg_sleep(9), 'canary4711'", &[])).await;
        let tx = pool.begin().await.unwrap();
        tx.execute("create temp table t(v text)", &[]).await.unwrap();
        proxy.cut_after(Direction::ToClient, 0);
        told(&tx.commit().await.unwrap_err());
        proxy.pass();
    }
    let held = pool.session().await.unwrap();
    pool.reload((*pool.config()).clone().with_timeout(short));
    told(&pool.session().await.unwrap_err());
    log.pool(&pool);
    drop(held);
    pool.close(short).await;
    told(&pool.session().await.unwrap_err());
    failures
}

#[tokio::test]
async fn neither_password_nor_values_are_read_anywhere() {
    let cluster = TestCluster::start_with(|options| options.auth(Auth::Scram(CANARY.into()))).await;
    let log = Log::default();
    let _kept = tracing::subscriber::set_default(log.clone());
    let failures = fail_in_every_way(&log, &cluster).await;
    let text = log.0.lock().unwrap();
    println!("{failures} failures, {} bytes of text", text.len());
    assert!(failures >= 30 && text.contains("slow statement"), "{failures}");
    let canary = text.lines().find(|line| line.contains(CANARY));
    assert!(canary.is_none(), "{canary:?}");
}
