//! Refinery on our own connection: it parses, orders, verifies and writes the row of the history; this runs a file and
//! that row together.
//!
//! The one module that knows how refinery calls its drivers. Refinery asks that its core is not used directly, so this
//! is what a new version has to be held against.

use refinery_core::traits::r#async::{AsyncMigrate, AsyncQuery, AsyncTransaction};
use refinery_core::{Runner as Refinery, SchemaVersion, Target};
use time::OffsetDateTime;

use super::job::Job;
use super::report::Done;
use super::runner::Runner;
use crate::{Applied, Error};

// Its width is part of every checksum, and any crate in a build can make it narrower for all.
const _: () = assert!(size_of::<SchemaVersion>() == 8, "refinery-core needs its feature int8-versions");

/// Applies one migration, `newest` being the highest version that is applied. All others have been held against the
/// history; to hand them on each time would cost their square.
pub(crate) async fn apply(
    runner: &mut Runner<'_>,
    job: &Job,
    newest: Option<&Applied>,
) -> Result<Done, Error> {
    let newest: Vec<refinery_core::Migration> = newest.map(known).into_iter().collect();
    let files = [&newest[..], &[job.migration.refinery()]].concat();
    let mut refinery = Refinery::new(&files).set_target(Target::Version(job.migration.version()));
    refinery.set_migration_table_name(runner.context.session.home.tables().history.sql());
    let mut engine = Engine { runner, job, newest, ended: None };
    let run = refinery.run_async(&mut engine).await;
    match (engine.ended.take(), run) {
        (Some(ended), _) => ended,
        (None, Err(error)) => Err(Error::Refinery(error.into())),
        (None, Ok(_)) => Err(Error::Refinery("it found nothing to do".into())),
    }
}

fn known(row: &Applied) -> refinery_core::Migration {
    let applied_on = OffsetDateTime::from(row.applied_on);
    refinery_core::Migration::applied(row.version, row.name.clone(), applied_on, row.checksum)
}

struct Engine<'a, 'b> {
    runner: &'a mut Runner<'b>,
    job: &'a Job,
    newest: Vec<refinery_core::Migration>,
    /// What really happened; refinery's error would hide it two sources down.
    ended: Option<Result<Done, Error>>,
}

/// Tells refinery to stop.
#[derive(Debug, thiserror::Error)]
#[error("stopped")]
struct Stopped;

impl AsyncTransaction for Engine<'_, '_> {
    type Error = Stopped;

    async fn execute<'a, T: Iterator<Item = &'a str> + Send + 'a>(
        &'a mut self,
        queries: T,
    ) -> Result<usize, Stopped> {
        let queries: Vec<&str> = queries.collect();
        // A migration comes as its text and its row of the history; alone comes only the query below that makes sure of
        // the table.
        let [_, record] = queries[..] else { return Ok(0) };
        let ended = self.runner.perform(self.job, record).await;
        let is_done = ended.is_ok();
        self.ended = Some(ended);
        if is_done { Ok(queries.len()) } else { Err(Stopped) }
    }
}

impl AsyncQuery<Vec<refinery_core::Migration>> for Engine<'_, '_> {
    async fn query(&mut self, _history: &str) -> Result<Vec<refinery_core::Migration>, Stopped> {
        Ok(self.newest.clone())
    }
}

impl AsyncMigrate for Engine<'_, '_> {
    /// [`history::ensure`](crate::state::history::ensure) has been there, without asking for rights that only creating needs.
    fn assert_migrations_table_query(_table: &str) -> String {
        String::new()
    }
}
