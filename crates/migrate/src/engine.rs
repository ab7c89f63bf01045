//! Refinery on our own connection: it parses, orders, verifies and writes the row of the history; this runs a file and
//! that row in a transaction.
//!
//! The one module that knows how refinery calls its drivers. Refinery asks that its core is not used directly, so this
//! is what a new version has to be held against.

use refinery_core::traits::r#async::{AsyncMigrate, AsyncQuery, AsyncTransaction};
use refinery_core::{Runner, SchemaVersion, Target};
use time::OffsetDateTime;

use crate::failure::Failure;
use crate::lock::Lock;
use crate::session::{Limits, Session};
use crate::{Error, Migration, Migrations, history, transaction};

// Its width is part of every checksum, and any crate in a build can make it narrower for all.
const _: () = assert!(size_of::<SchemaVersion>() == 8, "refinery-core needs its feature int8-versions");

/// Applies one migration, all before it being applied.
pub(crate) async fn apply(
    session: &Session,
    lock: Lock,
    limits: Limits,
    migrations: &Migrations,
    migration: &Migration,
) -> Result<(), Failure> {
    let known = migrations.iter().take_while(|known| known.version() <= migration.version());
    let known: Vec<_> = known.map(|known| known.refinery().clone()).collect();
    let mut runner = Runner::new(&known).set_target(Target::Version(migration.version()));
    runner.set_migration_table_name(history::TABLE);
    let mut engine = Engine { session, lock, limits, failure: None };
    match runner.run_async(&mut engine).await {
        Ok(_) => Ok(()),
        Err(error) => Err(engine.failure.take().unwrap_or_else(|| Error::Refinery(error.into()).into())),
    }
}

struct Engine<'a> {
    session: &'a Session,
    lock: Lock,
    limits: Limits,
    /// What really happened; refinery's error would hide it two sources down.
    failure: Option<Failure>,
}

/// Tells refinery to stop.
#[derive(Debug, thiserror::Error)]
#[error("stopped")]
struct Stopped;

impl Engine<'_> {
    fn stop(&mut self, failure: Failure) -> Stopped {
        self.failure = Some(failure);
        Stopped
    }
}

impl AsyncTransaction for Engine<'_> {
    type Error = Stopped;

    async fn execute<'a, T: Iterator<Item = &'a str> + Send + 'a>(
        &'a mut self,
        queries: T,
    ) -> Result<usize, Stopped> {
        let queries: Vec<&str> = queries.collect();
        // A migration comes as its text and its row of the history; alone comes only the query below that makes sure of
        // the table.
        let [sql, record] = queries[..] else { return Ok(0) };
        let done = transaction::run(self.session, self.lock, self.limits, sql, record).await;
        done.map(|()| queries.len()).map_err(|failure| self.stop(failure))
    }
}

impl AsyncQuery<Vec<refinery_core::Migration>> for Engine<'_> {
    async fn query(&mut self, _history: &str) -> Result<Vec<refinery_core::Migration>, Stopped> {
        let rows = history::rows(self.session).await.map_err(|error| self.stop(error.into()))?;
        let applied = rows.into_iter().map(|row| {
            let applied_on = OffsetDateTime::from(row.applied_on);
            refinery_core::Migration::applied(row.version, row.name, applied_on, row.checksum)
        });
        Ok(applied.collect())
    }
}

impl AsyncMigrate for Engine<'_> {
    /// [`history::ensure`] has been there, without asking for rights that only creating needs.
    fn assert_migrations_table_query(_table: &str) -> String {
        String::new()
    }
}
