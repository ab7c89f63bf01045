//! Many files in one, for databases that are still empty, proved to make the same.

mod body;
mod contents;
mod problem;
mod proof;
mod session;
mod write;

use pgkeel_connect::Config;

use self::body::Body;
pub use self::problem::SquashProblem;
pub(crate) use self::proof::{Ground, Made, make};
pub use self::write::Removal;
use crate::files::Script;
use crate::{
    Error, Event, Fingerprint, Kind, LockEntry, LockFile, Migration, Migrations, Prover, Squashed, Stop,
    Target, VerifyError,
};

/// Writes checkpoints: one file that brings an empty database where many files bring it one after the other, and records
/// all of them, so that they need not be kept.
///
/// Both are run in shadows ([`Shadow::create`](crate::Shadow::create)). Schema, owners included, history, where sequences
/// are, and what is in each column have to come out the same, but for columns that the files themselves fill otherwise each
/// time, such as with `now()`: of these only how many rows there are.
///
/// Files may go once no database is below the version any more that has something applied: there they would be missing, and
/// the database is refused until they are back. A history of another tool is best taken over
/// ([`Migrator::import`](crate::Migrator::import)) while they are there: without them its versions are found only where they are
/// the same numbers as ours, and its checksums are not compared, but for refinery's. One transaction that makes thousands of
/// tables needs a larger `max_locks_per_transaction` than by default.
///
/// ```no_run
/// use pgkeel_connect::Config;
/// use pgkeel_migrate::{Migrations, Squasher};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let migrations = Migrations::from_dir("migrations")?;
/// let squasher = Squasher::new(Config::from_env()?, migrations);
/// let checkpoint = squasher.squash(20250317082000).await?;
/// println!("{} stands for {} files", checkpoint.file(), checkpoint.squashes().len());
/// checkpoint.write("migrations")?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Squasher {
    server: Config,
    migrations: Migrations,
    name: String,
    lock: Option<LockFile>,
    is_private: bool,
    stop: Stop,
}

/// A checkpoint that is proved.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    migration: Migration,
    /// Whether it was among the files.
    is_there: bool,
    /// Whether it was held against the files now, or is only what the lock file has.
    is_proved: bool,
    schema: Fingerprint,
    /// The files that it takes the place of, as far as they are there.
    sources: Vec<Migration>,
    /// All files, and itself.
    migrations: Migrations,
    is_private: bool,
    stop: Stop,
}

impl Squasher {
    /// For these migrations, with shadows on this server.
    #[must_use]
    pub fn new(server: Config, migrations: Migrations) -> Self {
        let (name, stop) = ("checkpoint".to_owned(), Stop::new());
        Self { server, migrations, name, lock: None, is_private: false, stop }
    }

    /// The same with another name of the file. Default: `checkpoint`.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The same, only if the files still make the schema that this lock file has for the version. One of another major
    /// version of the server cannot tell.
    #[must_use]
    pub fn with_lock(mut self, lock: LockFile) -> Self {
        self.lock = Some(lock);
        self
    }

    /// The same with files that create roles and the like run too: nobody else uses that server.
    #[must_use]
    pub fn on_a_private_server(mut self) -> Self {
        self.is_private = true;
        self
    }

    /// The same, ending early when this is asked for, and so for [`Checkpoint::lock`]. What is running is cancelled then, and
    /// no shadow is left.
    #[must_use]
    pub fn with_stop(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }

    /// Makes one of all files up to this version, it included, and proves it. Writes nothing.
    ///
    /// The texts are taken as they are, with their comments. CREATE and DROP INDEX lose their CONCURRENTLY; roles and
    /// prechecks become statements; what a file has set is reset behind it. How long to wait for locks, phases and
    /// acceptances of lost data mean nothing on an empty database. The checkpoint has no ways back, and no verify files: these
    /// say what holds behind their own file, often not any more behind the last, and the proof has asked them there. What it
    /// then found the checkpoint to make it makes of each empty database.
    ///
    /// If there is a checkpoint of this version, and the files that it takes the place of, it is proved as it is. If some of
    /// these are gone, as when [`Checkpoint::remove_replaced`] was interrupted, the lock file has to have it as it is.
    ///
    /// # Errors
    /// [`VerifyError::CannotSquash`] with all that cannot be in one transaction, is code, or is in the way;
    /// [`VerifyError::NotInOne`] and [`VerifyError::OtherOutcome`] if it does not make the same; [`VerifyError::StaleLock`];
    /// [`Error::NoSuchVersion`] and [`Error::Name`] in [`VerifyError::Migrate`]; as [`Prover::lock`].
    ///
    /// # Cancellation
    /// As [`Prover::lock`].
    pub async fn squash(&self, version: i64) -> Result<Checkpoint, VerifyError> {
        self.squash_with(version, |_| {}).await
    }

    /// As [`squash`](Self::squash), telling what happens in the shadows as it happens.
    ///
    /// # Errors
    /// As [`squash`](Self::squash).
    ///
    /// # Cancellation
    /// As [`squash`](Self::squash).
    pub async fn squash_with(
        &self,
        version: i64,
        mut observe: impl FnMut(Event<'_>) + Send,
    ) -> Result<Checkpoint, VerifyError> {
        let there = self.migrations.checkpoints().find(|it| it.version() == version);
        if let Some(rest) = there.and_then(|there| self.rest_of(there)) {
            return Ok(rest);
        }
        let mut chain = self.chain(version)?;
        let (migration, migrations, body) = if let Some(there) = there {
            chain = Migrations::replaced_by(there, &chain);
            (there.clone(), self.migrations.clone(), None)
        } else {
            let body = Body::of(&chain).map_err(|problems| VerifyError::CannotSquash { problems })?;
            let migration = self.checkpoint(version, &body.text)?;
            let migrations = self.migrations.with_checkpoint(&migration)?;
            (migration, migrations, Some(body))
        };
        let schema = Box::pin(proof::prove(self, &chain, &migration, body.as_ref(), &mut observe)).await?;
        let sources = chain.iter().filter(|it| it.kind() == Kind::Versioned).cloned().collect();
        Ok(Checkpoint {
            migration,
            is_there: body.is_none(),
            is_proved: true,
            schema,
            sources,
            migrations,
            is_private: self.is_private,
            stop: self.stop.clone(),
        })
    }

    /// A checkpoint that some of its files are left of, which are no proof any more. It was proved before the lock file had it.
    fn rest_of(&self, there: &Migration) -> Option<Checkpoint> {
        let locked = self.lock.as_ref()?.checkpoints().iter().find(|it| it.version == there.version())?;
        let has_gone = there.squashes().iter().any(|it| self.migrations.get(it.version).is_none());
        let is_source = |file: &&Migration| there.squashed(file.version()).is_some();
        let sources: Vec<Migration> = self.migrations.iter().filter(is_source).cloned().collect();
        let is_as_locked = *locked == LockEntry::new(there, locked.schema);
        (is_as_locked && has_gone && !sources.is_empty()).then(|| Checkpoint {
            migration: there.clone(),
            is_there: true,
            is_proved: false,
            schema: locked.schema,
            sources,
            migrations: self.migrations.clone(),
            is_private: self.is_private,
            stop: self.stop.clone(),
        })
    }

    /// What brings an empty database to the version now, in this order.
    fn chain(&self, version: i64) -> Result<Vec<Migration>, VerifyError> {
        let whole = self.migrations.chain();
        let chain = Target::Version(version).select(&whole, whole.for_empty(i64::MAX))?;
        match chain.last() {
            Some(last) if last.version() != version => Err(Error::NoSuchVersion { version }.into()),
            Some(last) if last.kind() == Kind::Checkpoint => {
                let problem = SquashProblem::Exists { file: last.file().to_owned() };
                Err(VerifyError::CannotSquash { problems: vec![problem] })
            }
            Some(_) => Ok(chain),
            None => Err(Error::NoSuchVersion { version }.into()),
        }
    }

    fn checkpoint(&self, version: i64, text: &str) -> Result<Migration, VerifyError> {
        crate::files::check_name(&self.name)?;
        let stem = format!("B{version}__{}", self.name);
        let script = Script::new(format!("{stem}.sql"), text);
        let script = script.map_err(|problem| Error::Files { problems: vec![problem] })?;
        Ok(Migration::checkpoint(&stem, version, script))
    }
}

impl Checkpoint {
    /// The name of its file.
    #[must_use]
    pub fn file(&self) -> &str {
        self.migration.file()
    }

    /// Whether it was among the files already, and has only been proved.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.is_there
    }

    /// Whether it was proved now; else it is what the lock file has, and some of the files are gone.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        self.is_proved
    }

    /// The text of its file.
    #[must_use]
    pub fn text(&self) -> &str {
        self.migration.sql()
    }

    /// The versions that it takes the place of, lowest first.
    #[must_use]
    pub fn squashes(&self) -> &[Squashed] {
        self.migration.squashes()
    }

    /// The fingerprint of the schema that it makes, which is that of the files: of those sides that the lock file is about, if
    /// there is one.
    #[must_use]
    pub fn schema(&self) -> Fingerprint {
        self.schema
    }

    /// The lock file as it has to be with the checkpoint and, if they are to go, without the files that it takes the place
    /// of.
    ///
    /// # Errors
    /// As [`Prover::lock`].
    ///
    /// # Cancellation
    /// As [`Prover::lock`].
    pub async fn lock(&self, server: Config, removes: bool) -> Result<LockFile, VerifyError> {
        let files = self.sources.iter().filter(|_| removes).map(Migration::version).collect::<Vec<_>>();
        let prover = Prover::new(server, self.migrations.without(&files)).with_stop(self.stop.clone());
        if self.is_private { prover.on_a_private_server().lock().await } else { prover.lock().await }
    }
}
