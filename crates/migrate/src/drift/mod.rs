//! Whether a database is what its migrations make of one.

mod recorded;
mod report;
mod verification;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pgkeel_connect::{Config, Connection, dial};

pub(crate) use self::recorded::{Header, Place, header};
pub use self::verification::Verification;
use crate::proof::server_wide;
use crate::run::cancelling;
use crate::state::Home;
use crate::{
    Conflict, Differences, Error, LockFile, Migration, Migrations, Migrator, Pattern, Scope, Shadow,
    Snapshot, Status, Stop, Tenant, VerifyError,
};

/// What a database is held against.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Against {
    /// What was recorded in it when [`Migrator`] last changed it, or by [`Snapshot::record`]: names what differs, needs
    /// neither files nor another database.
    Recorded,
    /// The line of the newest migration that is applied. What differs is named if the same was recorded, or if shadows
    /// are allowed.
    LockFile(LockFile),
    /// The migrations that are applied, run anew in a shadow.
    Shadow,
}

/// Holds one database against what it should be. Only reads there.
///
/// ```no_run
/// use pgkeel_connect::Config;
/// use pgkeel_migrate::{Against, LockFile, Migrations, Scope, Verifier};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let migrations = Migrations::from_dir("migrations")?;
/// // Partitions that a job makes are none of the migrations' business.
/// let scope = Scope::default().ignoring("table public.events_2*".parse()?);
/// let verifier = Verifier::new(Config::from_env()?, migrations).with_scope(scope);
/// let against = match LockFile::read("migrations")? {
///     Some(lock) => Against::LockFile(lock),
///     None => Against::Shadow,
/// };
/// let verification = verifier.verify(&against).await?;
/// if !verification.is_clean() {
///     eprint!("{verification}"); // or `to_markdown`, or `to_json` with feature `cli`
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Verifier {
    connect: Config,
    home: Home,
    migrations: Migrations,
    scope: Scope,
    shadows: Option<Config>,
    is_private: bool,
    left_aside: Vec<Pattern>,
    /// What shadows were, by what was applied in them: for tenants, whose schemas are all said in the same words.
    made: Arc<Mutex<BTreeMap<Vec<String>, Snapshot>>>,
    stop: Stop,
}

impl Verifier {
    /// For the database that this names and these files.
    #[must_use]
    pub fn new(connect: Config, migrations: Migrations) -> Self {
        Self {
            connect,
            home: Home::default(),
            migrations,
            scope: Scope::default(),
            shadows: None,
            is_private: false,
            left_aside: Vec::new(),
            made: Arc::default(),
            stop: Stop::new(),
        }
    }

    /// The same for one of many tenants, of whose schema alone is spoken then, as [`Migrator::in_schema`]: against the record,
    /// or a shadow in which the files run in a schema of this name. The schema's own privileges and comment are its maker's. A
    /// tenant whose schema is what the shadow of another one was takes no shadow, if both are asked for by clones of one value.
    #[must_use]
    pub fn in_schema(self, tenant: &Tenant) -> Self {
        self.in_home(Home::of(tenant))
    }

    pub(crate) fn in_home(mut self, home: Home) -> Self {
        self.home = home;
        self
    }

    /// The same with other sides of the schema compared against a shadow. A lock file and a record bring their own.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// The same with shadows on this server, also to name what differs from a lock file. It should have the major version
    /// of the other. Default: on the server of the database itself, and only for [`Against::Shadow`].
    #[must_use]
    pub fn with_shadows_on(mut self, server: Config) -> Self {
        self.shadows = Some(server);
        self
    }

    /// The same with files that create roles and the like run in shadows too: nobody else uses that server.
    #[must_use]
    pub fn on_a_private_server(mut self) -> Self {
        self.is_private = true;
        self
    }

    /// The same, ending early when this is asked for. What is running is cancelled then, and no shadow is left.
    #[must_use]
    pub fn with_stop(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }

    /// The same without these objects of the database itself, whatever the scope is.
    pub(crate) fn leaving_aside(mut self, patterns: Vec<Pattern>) -> Self {
        self.left_aside = patterns;
        self
    }

    /// Compares. Migrations that are pending do not count.
    ///
    /// # Errors
    /// [`VerifyError::NotRecorded`], [`VerifyError::OldRecord`], [`VerifyError::StaleRecord`], [`VerifyError::NotLocked`],
    /// [`VerifyError::RepeatablesNotLocked`], [`VerifyError::RepeatableDue`] and [`VerifyError::OtherMajor`] if there is
    /// nothing to compare with; [`Error::Conflicts`] in [`VerifyError::Migrate`] if the files are not those that were
    /// applied; those of [`Shadow::create`] and [`Migrator::up`] for a shadow; that the database cannot be read;
    /// [`VerifyError::Stopped`].
    ///
    /// # Cancellation
    /// Dropping the future leaves nothing behind but a shadow, which is dropped in the background; if the process ends before
    /// that, it is dropped by a later call. To have it dropped first, use [`Stop`].
    pub async fn verify(&self, against: &Against) -> Result<Verification, VerifyError> {
        let migrator = Migrator::new(self.connect.clone(), self.migrations.clone());
        let migrator = migrator.in_home(self.home.clone());
        let Some(status) = self.stop.unless_requested(migrator.status()).await else {
            return Err(VerifyError::Stopped { shadow: None });
        };
        self.verify_as(&status?, against).await
    }

    /// As [`verify`](Self::verify), as if this was applied.
    pub(crate) async fn verify_as(
        &self,
        status: &Status,
        against: &Against,
    ) -> Result<Verification, VerifyError> {
        let connect = self.connect.clone().with_application_name("pgkeel-verify");
        let Some(connection) = self.stop.unless_requested(dial(&connect)).await else {
            return Err(VerifyError::Stopped { shadow: None });
        };
        let connection = connection.map_err(VerifyError::Connect)?;
        // Files that run in a shadow take room.
        let verifying = Box::pin(async {
            match against {
                Against::Recorded => self.against_record(&connection, status).await,
                Against::LockFile(lock) => self.against_lock(&connection, status, lock).await,
                Against::Shadow => self.against_shadow(&connection, status).await,
            }
        });
        let verified = cancelling(&connection, &self.stop, verifying).await;
        connection.close().await;
        verified.map_err(|error| error.or_stopped(&self.stop))
    }

    async fn against_record(
        &self,
        connection: &Connection,
        status: &Status,
    ) -> Result<Verification, VerifyError> {
        let record = recorded::read(&self.home, connection).await?.ok_or(VerifyError::NotRecorded)?;
        if !record.is_current {
            return Err(VerifyError::StaleRecord);
        }
        let found = self.take(connection, &record.scope).await?;
        Verification::of("the record", newest(status), &record.snapshot, &found)
    }

    async fn against_lock(
        &self,
        connection: &Connection,
        status: &Status,
        lock: &LockFile,
    ) -> Result<Verification, VerifyError> {
        if self.home.is_of_tenant() {
            return Err(VerifyError::LockOfTenant);
        }
        let version = newest(status).ok_or(VerifyError::NothingApplied)?;
        lock.entry_or_checkpoint(version).ok_or(VerifyError::NotLocked { version })?;
        let expected = lock.schema_after(version, &status.repeated);
        let expected = expected.ok_or(VerifyError::RepeatablesNotLocked { version })?;
        let found = self.take(connection, lock.scope()).await?;
        let mut verification = Verification::unexplained("the lock file", Some(version), expected, &found);
        if verification.is_clean() {
            return Ok(verification);
        }
        if found.major() != lock.major() {
            return Err(VerifyError::OtherMajor { expected: lock.major(), found: found.major() });
        }
        let record = match recorded::read(&self.home, connection).await {
            Err(VerifyError::OldRecord) => None,
            record => record?.map(|record| record.snapshot),
        };
        let mut explanation = record.filter(|record| record.fingerprint() == expected);
        if explanation.is_none() && self.shadows.is_some() {
            let made = self.make(status, lock.scope()).await?;
            verification.lock_is_stale = made.fingerprint() != expected;
            explanation = Some(made);
        }
        verification.differences = explanation.map(|expected| Differences::between(&expected, &found));
        Ok(verification)
    }

    async fn against_shadow(
        &self,
        connection: &Connection,
        status: &Status,
    ) -> Result<Verification, VerifyError> {
        let found = self.take(connection, &self.scope).await?;
        let applied = applied(status);
        let made = self.home.is_of_tenant().then(|| self.made().get(&applied).cloned()).flatten();
        let expected = match made.filter(|made| *made == found) {
            Some(made) => made,
            None => self.make(status, &self.scope).await?,
        };
        if self.home.is_of_tenant() {
            self.made().entry(applied).or_insert_with(|| expected.clone());
        }
        Verification::of("the migrations", newest(status), &expected, &found)
    }

    /// The schema that is there.
    async fn take(&self, connection: &Connection, scope: &Scope) -> Result<Snapshot, VerifyError> {
        let scope = self.left_aside.iter().cloned().fold(scope.clone(), Scope::ignoring);
        Snapshot::take_in(&self.home, connection, &scope).await
    }

    fn made(&self) -> MutexGuard<'_, BTreeMap<Vec<String>, Snapshot>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the migrations that are applied make of an empty database.
    async fn make(&self, status: &Status, scope: &Scope) -> Result<Snapshot, VerifyError> {
        let changed = status.conflicts.iter().filter(|conflict| {
            matches!(
                conflict,
                Conflict::Edited { .. }
                    | Conflict::Renamed { .. }
                    | Conflict::Missing { .. }
                    | Conflict::Squashed { .. }
                    | Conflict::SquashedOther { .. }
            )
        });
        let conflicts: Vec<Conflict> = changed.cloned().collect();
        if !conflicts.is_empty() {
            return Err(Error::Conflicts { conflicts }.into());
        }
        if let Some(file) = status.changed().next() {
            return Err(VerifyError::RepeatableDue { file: file.file().to_owned() });
        }
        let versions: Vec<i64> = status.applied.iter().map(|row| row.version).collect();
        let is_applied = |file: &&Migration| status.repeated.iter().any(|row| row.name == file.name());
        let repeatables: Vec<&Migration> = self.migrations.repeatables().filter(is_applied).collect();
        let applied = self.migrations.only(&versions, &repeatables).chain();
        if !self.is_private {
            server_wide::refuse(&applied)?;
        }
        make(self.shadows.as_ref().unwrap_or(&self.connect), (&self.home, applied), scope, &self.stop).await
    }
}

/// What these files make of an empty database, found out in a shadow on this server.
#[cfg(feature = "cli")]
pub(crate) async fn made_by(
    server: &Config,
    migrations: Migrations,
    scope: &Scope,
    stop: &Stop,
) -> Result<Snapshot, VerifyError> {
    server_wide::refuse(&migrations)?;
    make(server, (&Home::default(), migrations), scope, stop).await
}

async fn make(
    server: &Config,
    (home, migrations): (&Home, Migrations),
    scope: &Scope,
    stop: &Stop,
) -> Result<Snapshot, VerifyError> {
    let shadow = Shadow::create_unless(server, stop).await?;
    let run = async {
        let migrator = Migrator::new(shadow.config().clone(), migrations).in_home(home.in_shadow());
        migrator.accepting_destructive().without_record().with_stop(stop.clone()).up().await?;
        Snapshot::take_in(home, shadow.connection(), scope).await
    };
    let made = shadow.cancelling(stop, run).await;
    shadow.end(made, stop).await
}

/// All that is applied.
fn applied(status: &Status) -> Vec<String> {
    let versions = status.applied.iter().map(|row| format!("{} {}", row.version, row.checksum));
    versions.chain(status.repeated.iter().map(|row| format!("{} {}", row.name, row.sha256))).collect()
}

fn newest(status: &Status) -> Option<i64> {
    status.applied.last().map(|row| row.version)
}
