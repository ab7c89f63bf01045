//! What the workload does when the database is gone, silent or only reads: goes on trying, and stops when told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pgkeel_connect::{Connection, Executor as _};
use pgkeel_demo::{Report, Workload};
use pgkeel_pool::Pool;
use pgkeel_testkit::{Proxy, TestCluster, eventually};
use tokio::time::timeout;

use super::{FASTER, OTHERS, config, count, fill, shop, until};

#[tokio::test]
async fn an_outage_is_survived_and_logged_once() {
    let lines = Lines::default();
    let _capturing = lines.capture();
    let mut cluster = TestCluster::start().await;
    fill(&cluster.connection().await).await;
    let workload = Workload::start_faster(Pool::lazy(config(cluster.address())), FASTER);
    until(&workload, "some work", |report| report.transactions > 20).await;
    cluster.crash().await;
    until(&workload, "many failures", |report| report.failures > 30).await;
    cluster.start_again().await;
    let before = workload.report();
    until(&workload, "work again", |report| report.transactions > before.transactions + 20).await;
    eventually("word that it is over", async || (lines.with("out of trouble") == 1).then_some(())).await;
    assert_eq!(lines.with("in trouble"), 1, "{:?}", lines.all());
    let said = lines.all().to_lowercase();
    assert!(!said.contains("canary") && !said.contains("mail.example"), "{said}");
    assert_eq!(workload.stop().await.aborted, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_only_reads_is_survived() {
    let (database, pool) = shop().await;
    let connection = database.connection().await;
    let workload = Workload::start_faster(pool, FASTER);
    until(&workload, "some work", |report| report.transactions > 20).await;
    only_read(&connection, "on").await;
    let before = workload.report();
    let goes_on =
        |report: &Report| report.failures > before.failures + 10 && report.reads > before.reads + 10;
    until(&workload, "failures, and reads all the same", goes_on).await;
    only_read(&connection, "off").await;
    let placed = count(&workload.report(), "orders placed");
    until(&workload, "new orders", |report| count(report, "orders placed") > placed + 10).await;
}

/// For sessions to come; those there are, are ended.
async fn only_read(connection: &Connection, on: &str) {
    let sql = format!(
        "set default_transaction_read_only = off; \
         do $$ begin execute format('alter database %I set default_transaction_read_only = {on}', current_database()); end $$; \
         select pg_terminate_backend(pid) from {OTHERS}"
    );
    connection.batch_execute(&sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_is_bounded_when_the_database_is_silent() {
    let (database, _) = shop().await;
    let proxy = Proxy::before(database.address()).await;
    let pool = Pool::lazy(config(&proxy.address()));
    let workload = Workload::start_faster(pool.clone(), FASTER);
    until(&workload, "some work", |report| report.transactions > 20).await;
    proxy.black_hole();
    eventually("everybody waits", async || (pool.stats().in_use >= 4).then_some(())).await;
    workload.pause();
    assert!(!timeout(Duration::from_secs(20), workload.rested()).await.expect("a bound"));
    let report = timeout(Duration::from_secs(20), workload.stop()).await.expect("a bound");
    assert!(report.aborted > 0 && report.to_string().contains("did not end in time"), "{report}");
    eventually("every session is gone", async || (pool.stats().checked_out() == 0).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_is_bounded_when_the_database_is_gone() {
    let mut cluster = TestCluster::start().await;
    fill(&cluster.connection().await).await;
    let workload = Workload::start_faster(Pool::lazy(config(cluster.address())), FASTER);
    until(&workload, "some work", |report| report.transactions > 5).await;
    cluster.stop().await;
    until(&workload, "failures", |report| report.failures > 10).await;
    // What became of a COMMIT is asked for longer than stopping waits.
    workload.pause();
    eventually("nothing is under way", async || workload.rested().await.then_some(())).await;
    let report = timeout(Duration::from_secs(20), workload.stop()).await.expect("a bound");
    assert_eq!(report.aborted, 0, "{report}");
}

/// What is logged on this thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// As long as there is one dispatcher in the process, `tracing` asks only that of the thread that comes by a call first
    /// whether anybody listens to it; of two it asks both. So a second one keeps other tests from silencing this one.
    fn capture(&self) -> (tracing::subscriber::DefaultGuard, tracing::Dispatch) {
        let lines = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || lines.clone());
        let capturing = tracing::subscriber::set_default(subscriber.finish());
        (capturing, tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new()))
    }

    fn all(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }

    fn with(&self, words: &str) -> usize {
        self.all().lines().filter(|line| line.contains(words)).count()
    }
}

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
