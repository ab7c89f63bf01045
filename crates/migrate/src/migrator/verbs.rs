//! The calls of a [`Migrator`].

use super::Migrator;
use super::order::Order;
use crate::files::Script;
use crate::run::session::Session;
use crate::run::{Lock, check_connection};
use crate::state::log::{Cause, Entry, RunId, State};
use crate::state::{Defaults, Scope, history, repeated};
use crate::{Back, Direction, Error, Event, Kind, LockHolder, Plan, PlannedFile, Report, Status};

impl Migrator {
    /// Holds the files against the database. Only reads, takes no lock, and needs no table of history to be there.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::Database`], [`Error::NoAnswer`] and [`Error::History`].
    ///
    /// # Cancellation
    /// Dropping the future leaves nothing behind.
    pub async fn status(&self) -> Result<Status, Error> {
        self.look(&Session::open(&self.connect, &self.home).await?).await
    }

    /// Who is applying or reverting migrations right now.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::Database`] and [`Error::NoAnswer`].
    ///
    /// # Cancellation
    /// Dropping the future leaves nothing behind.
    pub async fn lock_holder(&self) -> Result<Option<LockHolder>, Error> {
        Lock::held_by(&Session::open(&self.connect, &self.home).await?).await
    }

    /// What [`up`](Self::up) would run, in its order. Only reads and takes no lock.
    ///
    /// # Errors
    /// As [`status`](Self::status), [`Error::Conflicts`], [`Error::Destructive`] and [`Error::NoSuchVersion`].
    ///
    /// # Cancellation
    /// Dropping the future leaves nothing behind.
    pub async fn plan(&self) -> Result<Plan, Error> {
        self.plan_for(Order::Up).await
    }

    /// What [`down`](Self::down) would run, in its order. Only reads and takes no lock.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    ///
    /// # Cancellation
    /// Dropping the future leaves nothing behind.
    pub async fn plan_down(&self, back: Back) -> Result<Plan, Error> {
        self.plan_for(Order::Down(back)).await
    }

    async fn plan_for(&self, order: Order) -> Result<Plan, Error> {
        let session = Session::open(&self.connect, &self.home).await?;
        let status = self.look(&session).await?;
        let has_repeated = !status.repeated.is_empty();
        let jobs = self.jobs(status, order)?;
        let defaults = Defaults { lock_timeout: self.limits.lock, statement_timeout: self.limits.statement };
        let files =
            jobs.iter().map(|job| PlannedFile::new(&job.migration, job.direction, job.done, defaults));
        let mut tables = history::missing(&session).await?;
        if jobs.iter().any(|job| job.migration.kind() == Kind::Repeatable) {
            tables.extend(repeated::missing(&session).await?);
        }
        Ok(Plan::new(
            files.collect(),
            Scope { home: self.home.clone(), tables, revision: self.revision.clone(), has_repeated },
        ))
    }

    /// Applies what is pending, in order, one caller at a time. Each file runs in a transaction of its own, or says that
    /// its statements run one by one; one that was stopped between two of these goes on there. With nothing pending it
    /// only reads.
    ///
    /// Behind these come the repeatables that are due, unless the [`target`](Self::with_target) leaves out versions: they
    /// are written for the newest schema. One that lacks something is put behind those that may make it, and tried again.
    ///
    /// `before_run.sql` runs first and `after_run.sql` last, once each, under the lock and in transactions of their own; so
    /// they do for [`down`](Self::down) and [`redo`](Self::redo), and in dry runs, which leave nothing of them. With nothing
    /// to do they do not run, and behind a file that failed the second does not.
    ///
    /// # Errors
    /// [`Error::Conflicts`] and [`Error::Destructive`] before anything runs, [`Error::Unsuitable`] for a connection
    /// through a pooler in transaction mode or to a standby, [`Error::Locked`] if others took too long, [`Error::File`]
    /// for a file that failed:
    /// [`stays`](crate::FileError::stays) says what of it does, those before it stay applied
    /// ([`Error::before`]), and calling again goes on with it.
    ///
    /// # Cancellation
    /// Dropping the future closes the connection. The server rolls back what is under way and frees the lock, within
    /// about a second if it is busy with a statement. If COMMIT was under way, that file may have been applied. Files
    /// before it stay applied; of a file that runs outside of a transaction the statements that have ended stay, and the
    /// next call goes on behind them. To have the server stop at once and the log say so, use [`Stop`](crate::Stop).
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
        self.carry_out(Order::Up, &mut observe).await
    }

    /// Reverts applied migrations, the newest first, by the files beside them that undo them. The history forgets them,
    /// so that they are pending again; the log keeps both. Repeatables stay as they are, but all are due again, as a way
    /// back may drop what they made along with what that was made of.
    ///
    /// # Errors
    /// [`Error::Conflicts`] before anything runs: there is no way back from one of them, it was edited, or another file
    /// is applied in part. [`Error::NoSuchVersion`] for a version that is not applied. Else as [`up`](Self::up), but
    /// [`Error::Destructive`].
    ///
    /// # Cancellation
    /// As [`up`](Self::up).
    pub async fn down(&self, back: Back) -> Result<Report, Error> {
        self.down_with(back, |_| {}).await
    }

    /// As [`down`](Self::down), telling what happens as it happens.
    ///
    /// # Errors
    /// As [`down`](Self::down).
    ///
    /// # Cancellation
    /// As [`up`](Self::up).
    pub async fn down_with(
        &self,
        back: Back,
        mut observe: impl FnMut(Event<'_>) + Send,
    ) -> Result<Report, Error> {
        self.carry_out(Order::Down(back), &mut observe).await
    }

    /// Reverts the newest migration and applies it again, as it is in the file now: for a file that is being written.
    /// Repeatables come behind, all of them.
    ///
    /// # Errors
    /// As [`down`](Self::down), but that the file was edited is no conflict; and [`Error::Destructive`].
    ///
    /// # Cancellation
    /// As [`up`](Self::up); it may leave the migration reverted.
    pub async fn redo(&self) -> Result<Report, Error> {
        self.redo_with(|_| {}).await
    }

    /// As [`redo`](Self::redo), telling what happens as it happens.
    ///
    /// # Errors
    /// As [`redo`](Self::redo).
    ///
    /// # Cancellation
    /// As [`redo`](Self::redo).
    pub async fn redo_with(&self, mut observe: impl FnMut(Event<'_>) + Send) -> Result<Report, Error> {
        self.carry_out(Order::Redo, &mut observe).await
    }

    /// Says of a file that was stopped between two statements which comes next, counted from 1: after its first
    /// statements were edited, so that nobody else can know. 1 has all of them run again; one more than there are, none.
    /// Runs nothing but writes into the log.
    ///
    /// # Errors
    /// [`Error::NothingToRepair`] if the version was not stopped there or has no such statement, [`Error::Locked`] if others
    /// are applying migrations, and as [`status`](Self::status).
    ///
    /// # Cancellation
    /// Dropping the future leaves it said or not said.
    pub async fn continue_at(&self, version: i64, statement: usize) -> Result<(), Error> {
        let session = Session::open(&self.connect, &self.home).await?;
        check_connection(&session, &self.connect).await?;
        let lock = Lock::take(&session, self.limits.others, &self.stop).await?;
        let said = self.say_where(&session, version, statement).await;
        lock.release(&session).await;
        said
    }

    async fn say_where(&self, session: &Session, version: i64, statement: usize) -> Result<(), Error> {
        let nothing = |statements| Error::NothingToRepair { version, statement, statements };
        let status = self.look_alone(session).await?;
        let stopped = status.interrupted.iter().find(|it| it.version == version);
        let (Some(stopped), Some(migration)) = (stopped, self.migrations.get(version)) else {
            return Err(nothing(None));
        };
        let script = match stopped.direction {
            Direction::Up => Some(migration.up()),
            Direction::Down => migration.down(),
        };
        let statements = script.map_or(0, Script::len);
        let Some(done) = statement.checked_sub(1).filter(|done| *done <= statements) else {
            return Err(nothing(Some(statements)));
        };
        let run = RunId::new(session, self.revision.clone()).await?;
        let entry = Entry::new(&run, migration, stopped.direction, State::Interrupted);
        Entry { done, cause: Cause::Repair, ..entry }.write(session).await?;
        Ok(())
    }
}
