//! The shadow in which migrations are proved, and what is done there.

use pgkeel_connect::Executor as _;

use super::Prover;
use crate::migrator::Sitting;
use crate::{
    Back, Error, Fingerprint, Kind, LockEntry, LockFile, Migration, Migrations, Migrator, Shadow, Snapshot,
    Target, VerifyError,
};

/// Files are counted from 1, so that a number says how many are applied after it.
pub(super) struct Bench<'a> {
    pub(super) prover: &'a Prover,
    /// One chain, without what only stands for others of it.
    migrations: Migrations,
    files: Vec<Migration>,
    shadow: Shadow,
    /// On which the versions are applied and reverted; none behind an error, which may have left anything there.
    sitting: Option<Sitting>,
}

/// An error that a file is to blame for is a finding; any other ends the proof.
pub(super) fn of_file<T>(done: Result<T, VerifyError>) -> Result<Result<T, Error>, VerifyError> {
    match done {
        Err(VerifyError::Migrate(error)) if is_of_file(&error) => Ok(Err(error)),
        done => done.map(Ok),
    }
}

/// A file that cannot be run at all, as it ends its transaction itself, is a conflict.
fn is_of_file(error: &Error) -> bool {
    match error {
        Error::Conflicts { .. } => true,
        error => error.file().is_some() && !error.is_disconnected() && !error.is_stopped(),
    }
}

/// What the first hook makes, such as an extension, is there before every file, so it is no file's doing. Should it fail, the
/// first call says so.
async fn shadow(prover: &Prover) -> Result<Shadow, VerifyError> {
    let shadow = Shadow::create_unless(&prover.server, &prover.stop).await?;
    if let Some(hook) = prover.migrations.before() {
        let run = shadow.connection().batch_execute(hook.sql());
        let run = shadow.cancelling(&prover.stop, run).await;
        tracing::debug!(?run, "the first hook was tried");
    }
    Ok(shadow)
}

impl<'a> Bench<'a> {
    pub(super) async fn open(prover: &'a Prover) -> Result<Self, VerifyError> {
        let migrations = prover.migrations.chain();
        let files = migrations.for_empty(i64::MAX);
        Ok(Self { prover, migrations, files, shadow: shadow(prover).await?, sitting: None })
    }

    /// Removes the shadow behind what was found out in it.
    pub(super) async fn close<T>(mut self, found: Result<T, VerifyError>) -> Result<T, VerifyError> {
        self.stand_up().await;
        Box::pin(self.shadow.end(found, &self.prover.stop)).await
    }

    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    pub(super) fn file(&self, number: usize) -> &Migration {
        &self.files[number - 1]
    }

    /// The files up to this one.
    pub(super) fn names(&self, upto: usize) -> Vec<String> {
        self.files[..upto].iter().map(|migration| migration.file().to_owned()).collect()
    }

    pub(super) async fn look(&self) -> Result<Snapshot, VerifyError> {
        let look = Snapshot::take(self.shadow.connection(), &self.prover.scope);
        self.shadow.cancelling(&self.prover.stop, look).await
    }

    /// As anybody would, but for repeatables: each version is proved by itself.
    fn migrator(&self) -> Migrator {
        self.migrator_of(self.migrations.without_repeatables())
    }

    /// There is nothing to lose, and each schema is looked at anyway.
    pub(super) fn migrator_of(&self, migrations: Migrations) -> Migrator {
        let migrator = Migrator::new(self.shadow.config().clone(), migrations);
        migrator.accepting_destructive().without_record().with_stop(self.prover.stop.clone())
    }

    pub(super) fn migrations(&self) -> &Migrations {
        &self.migrations
    }

    pub(super) fn files(&self) -> &[Migration] {
        &self.files
    }

    pub(super) fn shadow(&self) -> &Shadow {
        &self.shadow
    }

    pub(super) fn has_repeatables(&self) -> bool {
        self.prover.migrations.repeatables().next().is_some()
    }

    /// Applies what is missing of the first so many.
    pub(super) async fn up(&mut self, upto: usize) -> Result<Snapshot, VerifyError> {
        if let Some(last) = upto.checked_sub(1) {
            let (migrator, sitting) = self.sit_down().await?;
            migrator.with_target(Target::Version(self.files[last].version())).up_in(&sitting).await?;
            self.sitting = Some(sitting);
        }
        self.look().await
    }

    /// Undoes the newest.
    pub(super) async fn down(&mut self) -> Result<Snapshot, VerifyError> {
        self.run_down().await?;
        self.look().await
    }

    pub(super) async fn run_down(&mut self) -> Result<(), VerifyError> {
        let (migrator, sitting) = self.sit_down().await?;
        migrator.down_in(&sitting, Back::Steps(1)).await?;
        self.sitting = Some(sitting);
        Ok(())
    }

    async fn sit_down(&mut self) -> Result<(Migrator, Sitting), VerifyError> {
        let migrator = self.migrator();
        let sitting = match self.sitting.take() {
            Some(sitting) => sitting,
            None => migrator.sit_down().await?,
        };
        Ok((migrator, sitting))
    }

    /// Leaves the lock to others.
    pub(super) async fn stand_up(&mut self) {
        if let Some(sitting) = self.sitting.take() {
            sitting.end().await;
        }
    }

    /// Makes the schema after this file anew, in another shadow.
    pub(super) async fn rebuild(&mut self, upto: usize) -> Result<(), VerifyError> {
        let fresh = shadow(self.prover).await?;
        self.stand_up().await;
        std::mem::replace(&mut self.shadow, fresh).leave().await;
        self.up(upto).await.map(|_| ())
    }

    pub(super) fn lock(&self, schemas: &[Fingerprint], major: u32) -> LockFile {
        let files = self.files.iter().zip(schemas);
        let files = files.filter(|(migration, _)| migration.kind() != Kind::Checkpoint);
        let entries = files.map(|(migration, schema)| LockEntry::new(migration, *schema)).collect();
        LockFile::new(major, self.prover.scope.clone(), entries)
    }
}
