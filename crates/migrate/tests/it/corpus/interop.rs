//! Plain refinery, with its own driver, on the history of the whole corpus.

use pgkeel_migrate::Migrator;

use super::{applied, corpus};
use crate::interop::{client, runner};

#[tokio::test]
async fn plain_refinery_finds_nothing_missing_and_nothing_changed() {
    let (database, corpus) = (applied().await, corpus().await);
    let migrations = corpus.migrations();
    // Refinery takes files as they are; here they lose byte order marks and foreign line ends first.
    let files: Vec<(&str, &str)> = migrations.iter().map(|file| (file.file(), file.sql())).collect();
    let runner = runner(&files).set_abort_divergent(true).set_abort_missing(true);
    let report = runner.run_async(&mut client(&database).await).await.unwrap();
    assert!(report.applied_migrations().is_empty());
    assert!(Migrator::new(database.config(), migrations).up().await.unwrap().done.is_empty());
}
