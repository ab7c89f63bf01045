//! Dry runs, which leave nothing that a dump would tell.

use pgkeel_connect::Connection;
use pgkeel_migrate::{DryRun, Error, Migrations, Migrator, Report, Target};
use pgkeel_testkit::{TestDatabase, scaled};

use crate::files::{Corpus, read};
use crate::progress::Progress;
use crate::{dump_with, major};

/// What hides that it ends a transaction.
const HIDDEN: &str = "create table left_over (id int); do $$ begin commit; end $$;";

/// What comes last, and cannot be.
const BAD: &str = "V900__bad.sql";

#[tokio::test]
async fn a_dump_with_all_rows_is_the_same_after_dry_runs_also_of_what_controls_transactions() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let corpus = Corpus::for_server(major(&connection).await).first(scaled(20, 1000));
    let (all, step, refused) = (corpus.migrations().len(), scaled(6, 1), read("refused"));
    let next = Migrator::new(database.config(), corpus.migrations()).with_target(Target::Steps(step));
    let (mut tried, mut progress) = (Tried::default(), Progress::of(all / step, "rounds of dry runs"));
    for round in 0..all / step {
        let before = everything_dumped(&database, &connection).await;
        let text = refused.get(round).map_or(HIDDEN, |(_, text)| text.as_str());
        let applied = corpus.clone().first(round * step);
        let files = [applied.files(), vec![(BAD, text)]].concat();
        let bad = Migrator::new(database.config(), Migrations::from_static(&files).unwrap());
        for how in [DryRun::Rollback, DryRun::Shadow] {
            tried.add(how, next.clone().with_dry_run(how).up().await);
            tried.add_bad(&bad.clone().with_dry_run(how).up().await.unwrap_err());
            let after = everything_dumped(&database, &connection).await;
            // A sequence does not go back with its transaction.
            let is_same = after == before
                || (how == DryRun::Rollback && without_sequences(&after) == without_sequences(&before));
            assert!(is_same, "{how:?} in round {round}");
        }
        next.up().await.unwrap();
        progress.add(1);
    }
    let Tried { files, outside, refused, failed } = tried;
    println!(
        "check 6: {files} files tried, {outside} outside of transactions not by rollback; {refused} times refused by name, {failed} \
         times by the server; after each the dump was the same, rows included"
    );
}

/// What came of dry runs.
#[derive(Default)]
struct Tried {
    files: usize,
    outside: usize,
    refused: usize,
    failed: usize,
}

impl Tried {
    fn add(&mut self, how: DryRun, tried: Result<Report, Error>) {
        match tried {
            Ok(report) => self.files += report.done.len(),
            Err(Error::CannotRehearse { .. }) if how == DryRun::Rollback => self.outside += 1,
            Err(error) => panic!("{error:?}"),
        }
    }

    fn add_bad(&mut self, error: &Error) {
        match error {
            Error::Conflicts { .. } => self.refused += 1,
            error if error.file().is_some_and(|error| error.file == BAD) => self.failed += 1,
            error => panic!("{error:?}"),
        }
    }
}

/// With rows, and where sequences are.
async fn everything_dumped(database: &TestDatabase, connection: &Connection) -> String {
    dump_with(&[], database.address(), connection).await
}

fn without_sequences(dump: &str) -> String {
    dump.lines().filter(|line| !line.starts_with("SELECT pg_catalog.setval(")).collect::<Vec<_>>().join("\n")
}
