//! Readers of a table while a migration wants it for itself.

use std::time::{Duration, Instant};

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Event, Migrator};
use pgkeel_testkit::{PATIENCE, is_soak, scaled};
use tokio::sync::mpsc;

use super::{applied, corpus};
use crate::count;
use crate::times::Times;

const FILE: (&str, &str) = ("V900__wider.sql", "alter table rides.rides add column note text;");

/// How often others read, each for a moment.
const PAUSE: Duration = Duration::from_millis(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_behind_a_file_for_longer_than_it_may_wait_itself() {
    let (database, corpus) = (applied().await, corpus().await);
    let holder = database.connection().await;
    holder.batch_execute("begin; select count(*) from rides.rides").await.unwrap();
    let pid = holder.backend_pid().unwrap();
    let mut files = corpus.files();
    files.push(FILE);
    let migrations = pgkeel_migrate::Migrations::from_static(&files).unwrap();
    let migrator = Migrator::new(database.config(), migrations);
    let migrator = migrator.with_lock_timeout(Duration::from_millis(300)).with_retries(1000);
    let (tell, mut told) = mpsc::unbounded_channel();
    let running = tokio::spawn(async move {
        let observe = |event: Event<'_>| {
            if let Event::Retrying { attempts, blockers, .. } = event {
                let pids: Vec<i32> = blockers.iter().map(|blocker| blocker.pid).collect();
                let _ = tell.send((attempts, pids));
            }
        };
        migrator.up_with(observe).await
    });

    let (reader, mut times) = (database.connection().await, Times::default());
    let (mut attempts, mut is_named) = (0, false);
    let (begun, hold) = (Instant::now(), Duration::from_secs(scaled(0, 10)));
    // All the while the first one holds the table: the file cannot have it, and these would wait behind the file.
    while attempts < 2 || !is_named || begun.elapsed() < hold {
        assert!(
            begun.elapsed() < hold + 4 * PATIENCE,
            "{attempts} attempts, the holder was named: {is_named}"
        );
        let asked = Instant::now();
        reader.query("select count(*) from rides.rides", &[]).await.unwrap();
        times.add(asked.elapsed());
        while let Ok((attempt, blockers)) = told.try_recv() {
            attempts = attempt;
            is_named |= blockers.contains(&pid);
        }
        tokio::time::sleep(PAUSE).await;
    }
    holder.batch_execute("rollback").await.unwrap();
    let done = running.await.unwrap().unwrap().done.remove(0);
    assert!(done.attempts > attempts);
    let logged = format!(
        "select count(*) from pgkeel.migration_log where version = 900 and status = 'ok' and attempts = {} and lock_wait_ms > 0",
        done.attempts
    );
    assert_eq!(count(&database, &logged).await, 1);
    println!(
        "check 5: {} reads in {:.1?} while the table was held: {times} (bound of p99 500 ms); {} attempts of the file, the \
         holder named, success after it let go",
        times.len(),
        begun.elapsed(),
        done.attempts
    );
    assert!(!is_soak() || times.quantile(99) < Duration::from_millis(500));
}
