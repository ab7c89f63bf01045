//! Whether a service may serve on the database that it finds.

mod readiness;
mod schema;
mod wait;

use pgkeel_connect::Config;

pub use self::readiness::Readiness;
pub use self::schema::SchemaCheck;
pub use self::wait::Until;
use crate::run::Lock;
use crate::run::session::Session;
use crate::state::log::{self, Trail};
use crate::state::{Applied, Home, history, repeated};
use crate::{Conflict, LockFile, Migration, Migrations, Status, Tenant, VerifyError};

/// As which sessions that ask are seen in `pg_stat_activity`.
const APPLICATION_NAME: &str = "pgkeel-gate";

/// What a service asks before it serves: is the database at the schema that this program was written for?
///
/// It only reads and takes no lock, so any number of services may ask, also while migrations run, and through any pooler.
/// The role needs no more than `grant usage on schema pgkeel` and `grant select on all tables in schema pgkeel`; without the
/// log it does not see files that were stopped between two statements.
///
/// With 2 000 files that are applied the history takes less than 40 ms. Comparing the schema reads all of it, some 50 ms for
/// 2 500 attributes of objects: ask for it at the start of a service and seldom after that, and else
/// [`without_drift`](Self::without_drift).
///
/// A service that has started should not be taken out of service because a newer version of it has applied its
/// migrations, or somebody has added an index by hand. So hold every answer against it at the start, and later
/// only [`Readiness::lacks_something`].
///
/// ```no_run
/// use pgkeel_connect::Config;
/// use pgkeel_migrate::{Gate, LockFile, Migrations, Readiness};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// // In a program of one's own these are built in: `embedded!` and `embedded_lock!`.
/// let (migrations, lock) = (Migrations::from_dir("migrations")?, LockFile::read("migrations")?);
/// let mut gate = Gate::new(Config::from_env()?, migrations);
/// if let Some(lock) = lock {
///     gate = gate.against(lock);
/// }
/// loop {
///     match gate.check().await {
///         Ok(Readiness::Ready { .. }) => break,
///         Ok(not_yet) => eprintln!("not serving: {not_yet}"),
///         Err(error) => eprintln!("not serving: {error}"),
///     }
///     tokio::time::sleep(std::time::Duration::from_secs(2)).await;
/// }
/// // … serve
/// # Ok(())
/// # }
/// ```
#[doc(alias = "readiness")]
#[derive(Debug, Clone)]
pub struct Gate {
    connect: Config,
    home: Home,
    migrations: Migrations,
    lock: Option<LockFile>,
    compares: bool,
    accepts_newer: bool,
}

impl Gate {
    /// For the database that this names, and the files that the program was written for.
    #[must_use]
    pub fn new(connect: Config, migrations: Migrations) -> Self {
        Self { connect, home: Home::default(), migrations, lock: None, compares: true, accepts_newer: false }
    }

    /// The same for one of many tenants, as [`Migrator::in_schema`](crate::Migrator::in_schema). There is no lock file that its
    /// schema could be held against: [`VerifyError::LockOfTenant`]. The role needs `usage` on that schema, and `select` on the
    /// tables in it that begin in `pgkeel_`.
    #[must_use]
    pub fn in_schema(mut self, tenant: &Tenant) -> Self {
        self.home = Home::of(tenant);
        self
    }

    /// The same, holding the schema against this lock file. Default: against what [`Migrator`](crate::Migrator) has
    /// recorded in the database when it last changed it, which takes the word of that database for how it was then.
    #[must_use]
    pub fn against(mut self, lock: LockFile) -> Self {
        self.lock = Some(lock);
        self
    }

    /// The same, not reading the schema: only which files are applied.
    #[must_use]
    pub fn without_drift(mut self) -> Self {
        self.compares = false;
        self
    }

    /// The same, ready also where newer files are applied than this program has: for one that has to start anew while its
    /// successor is being rolled out. The successor's files must be such that it can bear them
    /// ([`Phase::Expand`](crate::Phase::Expand)), and so must its texts of repeatables; the schema is not compared then.
    #[must_use]
    pub fn accepting_newer(mut self) -> Self {
        self.accepts_newer = true;
        self
    }

    /// Looks, over a connection of its own.
    ///
    /// # Errors
    /// [`Error`](crate::Error) in [`VerifyError::Migrate`] if the database cannot be reached or the history not be read (the
    /// role may not, or it is plain refinery's); [`VerifyError::Server`] and [`VerifyError::NoAnswer`] if the schema cannot.
    /// Each step is given up after 30 s, reading the schema after 65 s. None of them means that it is ready.
    ///
    /// # Cancellation
    /// Dropping the future closes the connection.
    pub async fn check(&self) -> Result<Readiness, VerifyError> {
        let session = Session::open_as(&self.connect, &self.home, APPLICATION_NAME).await?;
        let found = self.look(&session).await;
        session.connection.close().await;
        found
    }

    async fn look(&self, session: &Session) -> Result<Readiness, VerifyError> {
        let holder = Lock::held_by(session).await?;
        let (rows, trail) = (history::rows(session).await?, log::trail(session).await?);
        let newer = self.newer(&rows, &trail);
        let status = Status::compare(&self.migrations, rows, &trail, holder);
        let status =
            status.with_repeatables(&self.migrations, repeated::rows(session, &self.migrations).await?);
        if let Some(reason) = self.reason(&status, &newer) {
            return Ok(reason);
        }
        let schema = if self.compares && newer.is_empty() {
            schema::check(session, self.lock.as_ref(), &status).await?
        } else {
            schema::Compared::Not(SchemaCheck::NotAsked)
        };
        Ok(match schema {
            schema::Compared::Differs { against, expected, found } => {
                Readiness::Drifted { against, expected, found }
            }
            schema::Compared::Agrees => self.ready(SchemaCheck::AsExpected),
            schema::Compared::Not(why) => self.ready(why),
        })
    }

    fn ready(&self, schema: SchemaCheck) -> Readiness {
        Readiness::Ready { applied: self.migrations.versions(), schema }
    }

    /// Versions above all of ours that are applied, or are stopped half-way.
    fn newer(&self, rows: &[Applied], trail: &Trail) -> Vec<i64> {
        let newest = self.migrations.newest().unwrap_or(i64::MIN);
        let applied = rows.iter().map(|row| row.version);
        let begun = trail.last.iter().filter(|(_, last)| last.is_open()).map(|(version, _)| *version);
        let mut newer: Vec<i64> = applied.chain(begun).filter(|version| *version > newest).collect();
        newer.sort_unstable();
        newer.dedup();
        newer
    }

    /// What keeps it from being ready, whatever the schema is like: the worst first.
    fn reason(&self, status: &Status, newer: &[i64]) -> Option<Readiness> {
        if let Some(file) = status.interrupted.first() {
            return Some(Readiness::Interrupted { file: file.clone() });
        }
        if !newer.is_empty() && !self.accepts_newer {
            return Some(Readiness::Newer { versions: newer.to_vec() });
        }
        let is_of_applied = |conflict: &&Conflict| match conflict {
            Conflict::Missing { version, .. } => !newer.contains(version),
            Conflict::Edited { .. }
            | Conflict::Renamed { .. }
            | Conflict::Squashed { .. }
            | Conflict::SquashedOther { .. } => true,
            _ => false,
        };
        let conflicts: Vec<Conflict> = status.conflicts.iter().filter(is_of_applied).cloned().collect();
        if !conflicts.is_empty() {
            return Some(Readiness::Conflicting { conflicts });
        }
        let changed: Vec<&str> = status.changed().map(Migration::file).collect();
        let all = status.pending.iter().chain(&status.due).map(Migration::file);
        // Whoever applies newer files applies their texts of repeatables, too.
        let is_theirs = |file: &&str| !newer.is_empty() && changed.contains(file);
        let files: Vec<String> = all.filter(|file| !is_theirs(file)).map(str::to_owned).collect();
        let is_lacking = files.iter().any(|file| !changed.contains(&file.as_str()));
        (!files.is_empty()).then(|| Readiness::Pending { files, is_lacking, holder: status.holder.clone() })
    }
}
