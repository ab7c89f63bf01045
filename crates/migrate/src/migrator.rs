use std::time::Duration;

use pgkeel_connect::Config;
use tokio::time::Instant;

use crate::lock::Lock;
use crate::report::Done;
use crate::session::{Limits, Session};
use crate::{Error, Event, Migrations, Report, Status, engine, history};

/// Brings one database to the state that a set of migrations describes.
#[derive(Debug, Clone)]
pub struct Migrator {
    connect: Config,
    migrations: Migrations,
    limits: Limits,
}

impl Migrator {
    /// Migrations for the database that this names. Each call opens a connection of its own, called `pgkeel-migrate` in
    /// `pg_stat_activity`; it must reach the server itself, not a pooler in transaction mode.
    #[must_use]
    pub fn new(connect: Config, migrations: Migrations) -> Self {
        Self { connect, migrations, limits: Limits::default() }
    }

    /// The same with another limit for others that are applying migrations. Default: 60 s.
    #[must_use]
    pub fn with_lock_wait(mut self, limit: Duration) -> Self {
        self.limits.others = limit;
        self
    }

    /// The same with another `lock_timeout`: how long a statement may wait for a table that somebody uses, while
    /// everybody else who wants that table waits behind it. At least 1 ms. Default: 5 s.
    #[must_use]
    pub fn with_lock_timeout(mut self, limit: Duration) -> Self {
        self.limits.lock = limit;
        self
    }

    /// The same with another `statement_timeout` for the statements of files. The file as a whole is given up 30 s
    /// after that. At least 1 ms. Default: 1 h.
    #[must_use]
    pub fn with_statement_timeout(mut self, limit: Duration) -> Self {
        self.limits.statement = limit;
        self
    }

    /// The migrations.
    #[must_use]
    pub fn migrations(&self) -> &Migrations {
        &self.migrations
    }

    /// Holds the files against the database. Only reads, takes no lock, and needs no table of history to be there.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::Database`], [`Error::NoAnswer`] and [`Error::History`].
    ///
    /// # Cancellation
    /// Dropping the future leaves nothing behind.
    pub async fn status(&self) -> Result<Status, Error> {
        self.look(&Session::open(&self.connect).await?).await
    }

    /// Applies what is pending, each file in a transaction of its own, in order, one caller at a time. With nothing
    /// pending it only reads.
    ///
    /// # Errors
    /// [`Error::Conflicts`] before anything runs, [`Error::Locked`] if others took too long, [`Error::Statement`] and
    /// its neighbours for a file that failed: nothing of that file stays, those before it stay applied
    /// ([`Error::applied`]), and calling again goes on with it. After [`Error::OutcomeUnknown`] the status tells.
    ///
    /// # Cancellation
    /// Dropping the future closes the connection. The server rolls the file under way back and frees the lock, within
    /// about a second if it is busy with a statement. If COMMIT was under way, that file may have been applied. Files
    /// before it stay applied.
    pub async fn up(&self) -> Result<Report, Error> {
        self.up_with(|_| {}).await
    }

    /// As [`up`](Self::up), telling what happens as it happens. What `observe` does delays the migrations.
    ///
    /// # Errors
    /// As [`up`](Self::up).
    ///
    /// # Cancellation
    /// As [`up`](Self::up).
    pub async fn up_with(&self, mut observe: impl FnMut(Event<'_>) + Send) -> Result<Report, Error> {
        let start = Instant::now();
        let session = Session::open(&self.connect).await?;
        let mut applied = Vec::new();
        if !self.look(&session).await?.free_of_conflicts()?.pending.is_empty() {
            let limit = self.limits.others;
            let lock = Lock::take(&session, limit, &mut |holder| observe(Event::Waiting { holder })).await?;
            let done = self.apply(&session, lock, &mut observe, &mut applied).await;
            lock.release(&session).await;
            done?;
        }
        Ok(Report { applied, took: start.elapsed() })
    }

    async fn look(&self, session: &Session) -> Result<Status, Error> {
        Ok(Status::compare(&self.migrations, history::rows(session).await?))
    }

    /// Looks again, as others may have applied something meanwhile, and applies the rest.
    async fn apply(
        &self,
        session: &Session,
        lock: Lock,
        observe: &mut (dyn FnMut(Event<'_>) + Send),
        applied: &mut Vec<Done>,
    ) -> Result<(), Error> {
        session.renew(self.limits).await?;
        history::ensure(session).await?;
        let pending = self.look(session).await?.free_of_conflicts()?.pending;
        for (migration, position) in pending.iter().zip(1..) {
            observe(Event::Applying { migration, position, of: pending.len() });
            let start = Instant::now();
            let run = engine::apply(session, lock, self.limits, &self.migrations, migration).await;
            run.map_err(|failure| {
                let before = applied.iter().map(|done| done.migration.file().to_owned()).collect();
                failure.of(migration.file(), before)
            })?;
            let took = start.elapsed();
            observe(Event::Applied { migration, took });
            applied.push(Done { migration: migration.clone(), took });
        }
        Ok(())
    }
}
