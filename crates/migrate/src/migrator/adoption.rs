//! The calls of a [`Migrator`] that record without running anything.

use super::Migrator;
use super::record::Recorder;
use crate::adopt::baseline::{self, Check};
use crate::adopt::import;
use crate::adopt::mark::Order;
use crate::run::session::Session;
use crate::run::{Lock, cancelling, check_connection};
use crate::state::log::{self, RunId};
use crate::{Against, Baseline, Direction, Error, ImportFrom, Imported, Marked, VerifyError};

impl Migrator {
    /// For a database that has the schema already and no history: records the migrations up to the
    /// [target](Self::with_target) as applied, without running them. The schema has to be what they make: what
    /// `against` says, or, where a lock file is of another major version, does not know the newest of them or is stale, a
    /// shadow. What repeatables make may be there or not, if all migrations are recorded; they stay due. At its end the
    /// schema is recorded, unless that is [left out](Self::without_record).
    ///
    /// # Errors
    /// [`VerifyError::Different`] with all that differs, unless differences are accepted; those of
    /// [`Verifier::verify`](crate::Verifier::verify). In [`VerifyError::Migrate`]: [`Error::AlreadyApplied`] if anything is,
    /// [`Error::NoSuchVersion`], [`Error::NothingToRecord`], [`Error::Unsuitable`], [`Error::Locked`],
    /// [`Error::StoppedUnrecorded`], and as [`status`](Self::status). Nothing is recorded then.
    ///
    /// # Cancellation
    /// Dropping the future leaves all versions recorded or none, and perhaps not the schema; a shadow is dropped in the
    /// background. [`Stop`](crate::Stop) has statements under way cancelled and the shadow dropped before it ends.
    pub async fn baseline(&self, against: &Against) -> Result<Baseline, VerifyError> {
        let (session, lock) = self.alone().await?;
        let recording = Box::pin(self.record_baseline(&session, lock, against)); // A shadow takes room.
        let done = cancelling(&session.connection, &self.stop, recording).await;
        self.end(&session, lock, done.as_ref().is_ok_and(|done| !done.is_dry_run)).await;
        done.map_err(|error| self.stopped_in(error))
    }

    async fn record_baseline(
        &self,
        session: &Session,
        lock: Lock,
        against: &Against,
    ) -> Result<Baseline, VerifyError> {
        baseline::refuse(&self.look_alone(session).await?, &log::trail(session).await?)?;
        let all = self.migrations.chain().for_empty(i64::MAX);
        let recorded = self.target.select(&self.migrations, all)?;
        let also = (self.revision.clone(), self.is_dry_run());
        let check = self.check(against);
        let found = baseline::check(session, &check, (&self.migrations, recorded)).await?;
        self.go_on()?;
        Ok(baseline::record((session, lock), found, also).await?)
    }

    fn check<'a>(&'a self, against: &'a Against) -> Check<'a> {
        let (connect, home, accepts_different) = (&self.connect, &self.home, self.accepted.differences);
        Check { connect, home, against, accepts_different, stop: &self.stop }
    }

    /// Puts versions into the history without running their files: after somebody has done by hand what they do. The log
    /// keeps the reason. At its end the schema is recorded, unless that is [left out](Self::without_record).
    ///
    /// # Errors
    /// [`Error::CannotMark`] with all that is in the way: there is no such file, it is applied, or one below it would be
    /// pending for ever. [`Error::Unsuitable`], [`Error::Locked`], [`Error::StoppedUnrecorded`], and as
    /// [`status`](Self::status).
    ///
    /// # Cancellation
    /// Dropping the future leaves all versions recorded or none, and perhaps not the schema. [`Stop`](crate::Stop) has the
    /// statement under way cancelled.
    pub async fn mark_applied(&self, versions: &[i64], reason: &str) -> Result<Marked, Error> {
        self.mark(Direction::Up, versions, reason).await
    }

    /// Takes versions out of the history without running anything, so that they are pending again if their files are
    /// there: after somebody has undone by hand what they do. The log keeps the reason. Repeatables are due again, as behind
    /// [`down`](Self::down).
    ///
    /// # Errors
    /// As [`mark_applied`](Self::mark_applied), if it is not applied, or would be pending below one that is.
    ///
    /// # Cancellation
    /// As [`mark_applied`](Self::mark_applied).
    pub async fn mark_reverted(&self, versions: &[i64], reason: &str) -> Result<Marked, Error> {
        self.mark(Direction::Down, versions, reason).await
    }

    async fn mark(&self, direction: Direction, versions: &[i64], reason: &str) -> Result<Marked, Error> {
        let mut versions = versions.to_vec();
        versions.sort_unstable();
        versions.dedup();
        let (session, lock) = self.alone().await?;
        let marking = Box::pin(self.record_marks(&session, lock, direction, &versions, reason));
        let done = cancelling(&session.connection, &self.stop, marking).await;
        self.end(&session, lock, done.as_ref().is_ok_and(|done| !done.is_dry_run)).await;
        done.map_err(|error| {
            let is_stop = self.stop.is_cause(error.is_stopped(), error.server());
            if is_stop { Error::StoppedUnrecorded } else { error }
        })
    }

    async fn record_marks(
        &self,
        session: &Session,
        lock: Lock,
        direction: Direction,
        versions: &[i64],
        reason: &str,
    ) -> Result<Marked, Error> {
        let (status, trail) = (self.look_alone(session).await?, log::trail(session).await?);
        let (migrations, is_dry_run) = (&self.migrations, self.is_dry_run());
        let order = Order { migrations, status: &status, trail: &trail, direction, versions, reason };
        order.check()?;
        self.go_on()?;
        if !is_dry_run {
            let run = RunId::new(session, self.revision.clone()).await?;
            order.carry_out(session, lock, &run).await?;
        }
        Ok(Marked { files: order.files(), direction, is_dry_run })
    }

    /// Takes another tool's history over: what its table says is applied is recorded, at the times that it says, and the
    /// table is left as it is. What is recorded already is left, and so is what was reverted here since: a second call
    /// finds nothing to do, and takes no lock then. The files are to be those that [`ToolFiles`](crate::ToolFiles) makes,
    /// or have the tool's versions. At the end of a call that has recorded something so is the schema, unless that is
    /// [left out](Self::without_record).
    ///
    /// # Errors
    /// [`Error::NoToolTable`] and [`Error::OtherTable`], and [`Error::Import`] with all that is in the way: a version
    /// that failed, one with neither a file nor a checkpoint in its place, a checkpoint of which not all is applied, a file
    /// that is not the one that was applied by the tool's checksum; all in [`VerifyError::Migrate`]. Else as
    /// [`baseline`](Self::baseline), where a comparison is asked for. Nothing is recorded then.
    ///
    /// # Cancellation
    /// As [`baseline`](Self::baseline).
    pub async fn import(&self, from: &ImportFrom) -> Result<Imported, VerifyError> {
        let session = Session::open(&self.connect, &self.home).await?;
        if self.home.is_of_tenant() {
            // The tool's table is looked for in the tenant's schema.
            check_connection(&session, &self.connect).await?;
            session.renew(self.limits).await?;
        }
        let looking = import::look(&session, from, &self.migrations);
        let found = cancelling(&session.connection, &self.stop, looking).await;
        let found = found.map_err(|error| self.stopped_in(error.into()))?;
        if found.is_nothing() {
            return Ok(found.told(None, self.is_dry_run()));
        }
        let lock = self.lock(&session).await?;
        let recording = Box::pin(self.record_import(&session, lock, from)); // A shadow takes room.
        let done = cancelling(&session.connection, &self.stop, recording).await;
        let has_recorded = done.as_ref().is_ok_and(|done| !done.is_dry_run && !done.recorded.is_empty());
        self.end(&session, lock, has_recorded).await;
        done.map_err(|error| self.stopped_in(error))
    }

    /// Looks again, as others may have recorded it meanwhile.
    async fn record_import(
        &self,
        session: &Session,
        lock: Lock,
        from: &ImportFrom,
    ) -> Result<Imported, VerifyError> {
        let found = import::look(session, from, &self.migrations).await?;
        if found.is_nothing() {
            return Ok(found.told(None, self.is_dry_run()));
        }
        let verification = found.verify(from.against().map(|against| self.check(against))).await?;
        self.go_on()?;
        if !self.is_dry_run() {
            let run = RunId::new(session, self.revision.clone()).await?;
            let schema = verification.as_ref().and_then(|it| it.as_ref().ok()).map(|it| it.found);
            found.record(session, lock, (&run, schema)).await?;
        }
        Ok(found.told(verification, self.is_dry_run()))
    }

    /// Refuses to begin what is to be recorded, once somebody has asked to stop.
    fn go_on(&self) -> Result<(), Error> {
        if self.stop.is_requested() { Err(Error::StoppedUnrecorded) } else { Ok(()) }
    }

    /// Gives the lock back, behind a record of the schema that the history is now of.
    async fn end(&self, session: &Session, lock: Lock, has_recorded: bool) {
        if has_recorded {
            self.record(session, Recorder::default()).await;
        }
        lock.release(session).await;
    }

    /// Says of an error that comes of stopping that it does.
    fn stopped_in(&self, error: VerifyError) -> VerifyError {
        if error.comes_of(&self.stop) { Error::StoppedUnrecorded.into() } else { error }
    }

    /// A session that holds the lock.
    pub(super) async fn alone(&self) -> Result<(Session, Lock), Error> {
        let session = Session::open(&self.connect, &self.home).await?;
        let lock = self.lock(&session).await?;
        Ok((session, lock))
    }

    async fn lock(&self, session: &Session) -> Result<Lock, Error> {
        check_connection(session, &self.connect).await?;
        let lock = Lock::take(session, self.limits.others, &self.stop).await;
        let lock = lock.map_err(|error| if error.is_stopped() { Error::StoppedUnrecorded } else { error })?;
        session.renew(self.limits).await?;
        Ok(lock)
    }
}
