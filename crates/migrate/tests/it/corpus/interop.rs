//! Plain refinery, with its own driver, on the history of the whole corpus, and the other way round.

use std::time::{Duration, Instant};

use pgkeel_migrate::{Against, ImportFrom, Migrator, Tool};
use pgkeel_testkit::{TestDatabase, is_soak, scaled};

use super::files::Corpus;
use super::{State, applied, corpus};
use crate::interop::{client, runner};
use crate::progress::Progress;
use crate::times::Times;

#[tokio::test]
async fn plain_refinery_finds_nothing_missing_and_nothing_changed() {
    let (database, corpus) = (applied().await, corpus().await);
    let migrations = corpus.migrations();
    // Refinery takes files as they are; here they lose byte order marks and foreign line ends first.
    let files: Vec<(&str, &str)> = migrations.iter().map(|file| (file.file(), file.sql())).collect();
    let runner = runner(&files).set_abort_divergent(true).set_abort_missing(true);
    let report = runner.run_async(&mut client(&database).await).await.unwrap();
    assert!(report.applied_migrations().is_empty());
    assert!(Migrator::new(database.config(), migrations.clone()).up().await.unwrap().done.is_empty());
    println!("check 13: plain refinery accepts a history of {} files, with both its checks", files.len());
}

/// What plain refinery cannot run, each as something that it can: it gives each file one transaction, and the next one the
/// session as the last has left it.
const ELSE: [(&str, &str); 6] = [
    ("-- pgkeel: transaction=off", "-- all at once"),
    ("vacuum (analyze) rides.rides;", "analyze rides.rides;"),
    (" concurrently", ""),
    ("reindex (verbose) table billing.tariffs;", ""),
    ("        commit;\n", ""),
    ("\u{feff}", ""),
];

/// The corpus as plain refinery can run it.
async fn for_refinery() -> Corpus {
    let text = |text: &str| ELSE.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    corpus().await.ups().edited(|_, sql| format!("{}\n;reset all;\n", text(sql).replace("\r\n", "\n")))
}

#[tokio::test]
async fn what_plain_refinery_applied_is_taken_over_without_running_again_and_takes_no_less_than_half_of_our_time()
 {
    let corpus = for_refinery().await;
    let migrations = corpus.migrations();
    let files: Vec<(&str, &str)> = migrations.iter().map(|file| (file.file(), file.sql())).collect();
    let (mut here, mut there, mut taken) = (Times::default(), Times::default(), Times::default());
    let mut progress = Progress::of(scaled(1, 15), "rounds");
    for round in 0..scaled(1, 15) {
        let (ours, theirs) = (TestDatabase::empty().await, TestDatabase::empty().await);
        let migrator = |database: &TestDatabase| Migrator::new(database.config(), migrations.clone());
        let up = async || {
            let begun = Instant::now();
            assert_eq!(migrator(&ours).up().await.unwrap().done.len(), files.len());
            begun.elapsed()
        };
        let refinery = async || {
            let mut usual = runner(&files);
            usual.set_migration_table_name("refinery_schema_history");
            let begun = Instant::now();
            let mut client = client(&theirs).await;
            let report = usual.run_async(&mut client).await.unwrap();
            assert_eq!(report.applied_migrations().len(), files.len());
            begun.elapsed()
        };
        // Each goes first every other time.
        let (took, others): (Duration, Duration) = if round % 2 == 0 {
            (up().await, refinery().await)
        } else {
            let others = refinery().await;
            (up().await, others)
        };
        here.add(took);
        there.add(others);
        taken.add(take_over(&migrator(&theirs), &theirs, &ours, files.len()).await);
        let again = runner(&files).set_abort_divergent(true).set_abort_missing(true);
        assert!(again.run_async(&mut client(&theirs).await).await.unwrap().applied_migrations().is_empty());
        progress.add(1);
    }
    let ratio = here.quantile(50).as_secs_f64() / there.quantile(50).as_secs_f64();
    println!(
        "check 13: {} histories of plain refinery taken over without running anything again, {taken}",
        taken.len()
    );
    println!(
        "check 14: {} files up, with a record of the schema: {here}; plain refinery alone: {there}; {ratio:.2} times (bound 2)",
        files.len()
    );
    assert!(!is_soak() || ratio < 2.0);
}

/// Has the history of plain refinery taken over; nothing is due then, and all is as it would be without refinery.
async fn take_over(
    migrator: &Migrator,
    theirs: &TestDatabase,
    ours: &TestDatabase,
    files: usize,
) -> Duration {
    let connection = theirs.connection().await;
    let before = State::of(&connection).await;
    let begun = Instant::now();
    let from = ImportFrom::tool(Tool::Refinery).verified(Against::Shadow);
    assert_eq!(migrator.import(&from).await.unwrap().recorded.len(), files);
    let took = begun.elapsed();
    assert!(migrator.up().await.unwrap().done.is_empty());
    State::of(&connection).await.assert_is(&before, "taken over");
    let moved = "drop table refinery_schema_history";
    pgkeel_connect::Executor::batch_execute(&connection, moved).await.unwrap();
    let expected = State::of(&ours.connection().await).await;
    State::of(&connection).await.assert_is(&expected, "by plain refinery");
    took
}
