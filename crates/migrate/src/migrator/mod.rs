//! What can be done with the migrations of one database.

mod accepted;
mod adoption;
mod besides;
mod carry_out;
mod order;
mod record;
mod shared;
mod sitting;
mod verbs;

use std::time::Duration;

use pgkeel_connect::Config;

pub(crate) use self::accepted::Accepted;
pub(crate) use self::sitting::Sitting;
use crate::run::Limits;
use crate::state::Home;
use crate::{DryRun, Library, Migrations, Phase, Scope, Stop, Target, Tenant};

/// Brings one database to the state that a set of migrations describes.
#[derive(Debug, Clone)]
pub struct Migrator {
    connect: Config,
    home: Home,
    migrations: Migrations,
    limits: Limits,
    target: Target,
    phase: Phase,
    dry_run: Option<DryRun>,
    revision: Option<String>,
    accepted: Accepted,
    is_safe_for_poolers: bool,
    /// What of the schema is recorded.
    recorded: Option<Scope>,
    stop: Stop,
}

impl Migrator {
    /// Migrations for the database that this names. Each call opens a connection of its own, called `pgkeel-migrate` in
    /// `pg_stat_activity`, and a second one to look on while a file takes its time. They must reach the server itself,
    /// or a pooler in session mode; for one in transaction mode see [`safe_for_poolers`](Self::safe_for_poolers).
    #[must_use]
    pub fn new(connect: Config, migrations: Migrations) -> Self {
        Self {
            connect,
            home: Home::default(),
            migrations,
            limits: Limits::default(),
            target: Target::Latest,
            phase: Phase::Contract,
            dry_run: None,
            revision: None,
            accepted: Accepted::default(),
            is_safe_for_poolers: false,
            recorded: Some(Scope::default()),
            stop: Stop::new(),
        }
    }

    /// The same for one of many tenants, which all get these migrations. Files run with the tenant's schema alone on their search
    /// path ([`Tenant::seeing`] adds others), and so do code, hooks, repeatables and what verifies them; a statement that
    /// changes the search path is refused before anything runs. History, log and record are in that schema, too, in tables that
    /// begin in `pgkeel_`, so that they go when it is dropped. [`up`](Self::up) makes the schema if it is not there. The lock is
    /// the tenant's own. For all of them see [`Tenants`](crate::Tenants).
    ///
    /// A file that names a schema of its own accord (`create table public.x`) is run as it is, for each tenant.
    #[must_use]
    pub fn in_schema(self, tenant: &Tenant) -> Self {
        self.in_home(Home::of(tenant))
    }

    /// The same for migrations that come with a library, which has a history, a log and a lock of its own: what is applied of the
    /// application's own files does not matter to these, nor they to it. Its files are best in the schema `pgkeel`, which no snapshot
    /// has and no drift is told of; so the schema is not recorded.
    ///
    /// ```
    /// use pgkeel_connect::Config;
    /// use pgkeel_migrate::{Error, Library, Migrations, Migrator};
    ///
    /// const FILES: [(&str, &str); 1] = [("V1__audit.sql", "create table pgkeel.audit (id bigint primary key)")];
    ///
    /// # async fn example(config: Config) -> Result<(), Error> {
    /// let migrations = Migrations::from_static(&FILES)?;
    /// Migrator::new(config, migrations).of_library(Library::new("audit")).up().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn of_library(self, library: Library) -> Self {
        self.in_home(Home::of_library(library)).without_record()
    }

    pub(crate) fn in_home(mut self, home: Home) -> Self {
        self.home = home;
        self
    }

    /// Whether it is for one of many tenants.
    #[cfg(feature = "cli")]
    pub(crate) fn is_in_schema(&self) -> bool {
        self.home.is_of_tenant()
    }

    pub(crate) fn stop(&self) -> &Stop {
        &self.stop
    }

    pub(crate) fn connect(&self) -> &Config {
        &self.connect
    }

    /// The same with another limit for others that are applying migrations. Default: 60 s.
    #[must_use]
    pub fn with_lock_wait(mut self, limit: Duration) -> Self {
        self.limits.others = limit;
        self
    }

    /// The same with another `lock_timeout`: how long a statement may wait for a table that somebody uses, while
    /// everybody else who wants that table waits behind it. At least 1 ms. Default: 5 s. A file may say otherwise.
    #[must_use]
    pub fn with_lock_timeout(mut self, limit: Duration) -> Self {
        self.limits.lock = limit;
        self
    }

    /// The same with another `statement_timeout` for the statements of files. The file as a whole is given up 30 s
    /// after that. At least 1 ms. Default: 1 h. A file may say otherwise.
    #[must_use]
    pub fn with_statement_timeout(mut self, limit: Duration) -> Self {
        self.limits.statement = limit;
        self
    }

    /// The same, trying a file this often again that did not get a lock in time, or was in a deadlock; of a file outside of
    /// a transaction, the statement. The pauses grow from about half a second to half a minute. Default: 5. A file may
    /// say otherwise.
    #[must_use]
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.limits.retries = retries;
        self
    }

    /// The same, applying no further than this. Default: everything.
    #[must_use]
    pub fn with_target(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    /// The same, applying nothing from the first file on that belongs to a later phase. Default: everything.
    ///
    /// [`Phase::Expand`] is for before a new version of the program starts; the rest for when the old one has gone.
    #[must_use]
    pub fn with_phase(mut self, phase: Phase) -> Self {
        self.phase = phase;
        self
    }

    /// The same, only trying: nothing of what [`up`](Self::up), [`down`](Self::down) and [`redo`](Self::redo) do stays,
    /// and what records without running anything writes nothing, however it is tried.
    #[must_use]
    pub fn with_dry_run(mut self, how: DryRun) -> Self {
        self.dry_run = Some(how);
        self
    }

    /// The same, noting in the log from which version of the program's source the files are.
    #[must_use]
    pub fn with_revision(mut self, revision: impl Into<String>) -> Self {
        self.revision = Some(revision.into());
        self
    }

    /// The same, reverting also by files that were edited since the migration was applied.
    #[must_use]
    pub fn accepting_edited_downs(mut self) -> Self {
        self.accepted.edited_downs = true;
        self
    }

    /// The same, applying also files whose statements may lose data ([`Destructive`](crate::Destructive)), though they do
    /// not say `-- pgkeel: destructive=accepted` themselves. Default: such files are refused before anything runs. Files
    /// that revert others need not say it, nor do hooks that come with [`down`](Self::down). What a checkpoint has of such
    /// statements only counts where there are tables before anything is applied.
    #[must_use]
    pub fn accepting_destructive(mut self) -> Self {
        self.accepted.destructive = true;
        self
    }

    /// The same, where [`baseline`](Self::baseline) and [`import`](Self::import) also record what the schema differs from.
    #[must_use]
    pub fn accepting_differences(mut self) -> Self {
        self.accepted.differences = true;
        self
    }

    /// The same, applying also by way of a pooler in transaction mode: then the lock is of the transaction of each file,
    /// and nothing is left on the pooler's sessions. A file that runs outside of a transaction, as a backfill does, code, a
    /// repeatable that is due and a hook are refused there ([`Unsuitable::NeedsSession`](crate::Unsuitable::NeedsSession)), before
    /// anything runs; so are reverting and dry runs. It makes no difference on any other connection, and both keep each
    /// other out.
    #[must_use]
    pub fn safe_for_poolers(mut self) -> Self {
        self.is_safe_for_poolers = true;
        self
    }

    /// The same, recording other sides of the schema: those of the lock file, so that both say the same.
    #[must_use]
    pub fn with_recorded(mut self, scope: Scope) -> Self {
        self.recorded = Some(scope);
        self
    }

    /// The same, not recording the schema. By default each call that has changed something reads the schema at its end, and
    /// keeps it in `pgkeel.schema_snapshot` in place of the one before: for [`Gate`](crate::Gate) and
    /// [`Against::Recorded`](crate::Against::Recorded), which then know of changes from outside. It takes some 50 ms for
    /// 2 500 attributes of objects, and is left out, with a warning in the log, where the role may not. What was changed
    /// from outside before the call is recorded with the rest: only a lock file or a shadow shows that.
    #[must_use]
    pub fn without_record(mut self) -> Self {
        self.recorded = None;
        self
    }

    /// The same, accepting just this.
    #[cfg(feature = "cli")]
    pub(crate) fn accepting(mut self, accepted: Accepted) -> Self {
        self.accepted = accepted;
        self
    }

    /// The same, ending early when this is asked for.
    #[must_use]
    pub fn with_stop(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }

    /// Whether nothing of what it does stays.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.dry_run.is_some()
    }

    /// The migrations.
    #[must_use]
    pub fn migrations(&self) -> &Migrations {
        &self.migrations
    }
}
