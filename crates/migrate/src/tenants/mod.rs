//! The same migrations for many tenants, each with a schema of its own in one database.

mod choice;
mod look;
mod report;

use std::num::NonZeroUsize;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use self::choice::Choice;
use self::report::Told;
pub use self::report::{TenantEvent, TenantsReport};
use crate::state::Home;
use crate::{Error, Migrator, Report, Status, Tenant};

/// How many tenants are worked on at once, unless it is said. Each has a connection, and a second one while a file takes its
/// time.
const JOBS: NonZeroUsize = NonZeroUsize::new(4).expect("it is not zero");

/// Does for each of many tenants what a [`Migrator`] does for one: in a schema of its own, with a history of its own in it, so
/// that to drop the schema is to drop the tenant. The files are read and parsed once for all.
///
/// One that fails does not stop the others, and none waits for another: each has a lock of its own, so that several
/// processes can share the work, and no tenant is worked on by two.
///
/// ```no_run
/// use pgkeel_connect::Config;
/// use pgkeel_migrate::{Migrations, Migrator, Tenant, TenantEvent, Tenants};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let migrator = Migrator::new(Config::from_env()?, Migrations::from_dir("migrations")?);
/// let tenants = Tenants::matching(migrator.clone(), ["tenant_*"]);
/// let told = |event: TenantEvent<'_, _>| match event {
///     TenantEvent::Ended { tenant, outcome: Err(error) } => eprintln!("{tenant}: {error}"),
///     _ => {}
/// };
/// let report = tenants.up(told).await?;
/// println!("{} are well, {} have failed", report.well, report.failed);
///
/// // A new tenant, in one call: its schema is made if it is not there.
/// migrator.in_schema(&Tenant::new("tenant_7")?).up().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Tenants {
    migrator: Migrator,
    choice: Choice,
    seen: Vec<String>,
    jobs: NonZeroUsize,
    fails_fast: bool,
}

impl Tenants {
    /// The schemas of the database whose names are like one of these, where `*` stands for any letters and `?` for one. Those of
    /// PostgreSQL and of this crate are never meant, and `public` only by its own name; one that is dropped meanwhile is not made
    /// anew. `migrator` says all the rest.
    #[must_use]
    pub fn matching(migrator: Migrator, patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::new(migrator, Choice::Matching(patterns.into_iter().map(Into::into).collect()))
    }

    /// These tenants, whose schemas are made if they are not there.
    #[must_use]
    pub fn named(migrator: Migrator, tenants: impl IntoIterator<Item = Tenant>) -> Self {
        Self::new(migrator, Choice::Named(tenants.into_iter().collect()))
    }

    /// The tenants whose schemas this query names, in its one column: for a database that has a table of its tenants. It is asked
    /// in a transaction that only reads. Their schemas are made if they are not there.
    #[must_use]
    pub fn from_query(migrator: Migrator, sql: impl Into<String>) -> Self {
        Self::new(migrator, Choice::Query(sql.into()))
    }

    fn new(migrator: Migrator, choice: Choice) -> Self {
        Self { migrator, choice, seen: Vec::new(), jobs: JOBS, fails_fast: false }
    }

    /// The same, where all see this schema behind their own, as in [`Tenant::seeing`].
    #[must_use]
    pub fn seeing(mut self, schema: impl Into<String>) -> Self {
        self.seen.push(schema.into());
        self
    }

    /// The same, so many at once. Default: 4. Each takes one connection, and a second one while a file takes its time.
    #[must_use]
    pub fn with_jobs(mut self, jobs: NonZeroUsize) -> Self {
        self.jobs = jobs;
        self
    }

    /// The same, beginning no other tenant once one has failed. Those that are under way are finished.
    #[must_use]
    pub fn failing_fast(mut self) -> Self {
        self.fails_fast = true;
        self
    }

    /// Which tenants these are now, in the order of their names.
    ///
    /// # Errors
    /// [`Error::NoTenant`] for a pattern that no schema's name is like, [`Error::BadTenant`] for a name that no tenant can
    /// have, and those of [`Migrator::status`].
    ///
    /// # Cancellation
    /// Dropping the future leaves nothing behind.
    pub async fn list(&self) -> Result<Vec<Tenant>, Error> {
        let tenants = self.choice.tenants(self.migrator.connect()).await?;
        let seeing = |tenant: Tenant| -> Result<Tenant, Error> {
            Ok(self.seen.iter().try_fold(tenant, Tenant::seeing)?)
        };
        tenants.into_iter().map(seeing).collect()
    }

    /// [`Migrator::up`] for each tenant that has something pending or due. Whether it has is read of all of them together, so
    /// that a thousand with nothing to do take little more than one. `told` hears what happens as it happens, and how each
    /// tenant ends.
    ///
    /// # Errors
    /// As [`list`](Self::list). What goes wrong with one tenant is its outcome, and no error.
    ///
    /// # Cancellation
    /// As [`Migrator::up`], for all that are under way.
    pub async fn up(&self, told: impl FnMut(TenantEvent<'_, Report>) + Send) -> Result<TenantsReport, Error> {
        let tenants = self.list().await?;
        let told = Told::new(told);
        let (mut idle, mut rest) = (0, Vec::new());
        let look = |tenant: Tenant, status: Option<Status>| {
            if status.is_some_and(|status| self.migrator_of(&tenant).is_up_to_date(status)) {
                told.ended(&tenant, &Ok(Report::default()));
                idle += 1;
            } else {
                rest.push(tenant);
            }
        };
        self.look(&tenants, look).await?;
        let work = |migrator: Migrator, tenant: Tenant| {
            let told = &told;
            async move { migrator.up_with(|event| told.happened(&tenant, event)).await }
        };
        let report = self.carry_out(rest, work, &told).await;
        Ok(TenantsReport { well: report.well + idle, ..report })
    }

    /// [`Migrator::status`] of each tenant, read of all of them together.
    ///
    /// # Errors
    /// As [`up`](Self::up).
    ///
    /// # Cancellation
    /// Dropping the future leaves nothing behind.
    pub async fn status(
        &self,
        told: impl FnMut(TenantEvent<'_, Status>) + Send,
    ) -> Result<TenantsReport, Error> {
        let tenants = self.list().await?;
        let told = Told::new(told);
        let (mut seen, mut rest) = (0, Vec::new());
        let look = |tenant: Tenant, status: Option<Status>| match status {
            Some(status) => {
                told.ended(&tenant, &Ok(status));
                seen += 1;
            }
            None => rest.push(tenant),
        };
        self.look(&tenants, look).await?;
        let work = |migrator: Migrator, _| async move { migrator.status().await };
        let report = self.carry_out(rest, work, &told).await;
        Ok(TenantsReport { well: report.well + seen, ..report })
    }

    /// Does something else for each tenant, with a [`Migrator`] for its schema: reverting, marking, planning.
    ///
    /// ```no_run
    /// # use pgkeel_migrate::{Back, Error, Tenants};
    /// # async fn example(tenants: Tenants) -> Result<(), Error> {
    /// let report = tenants.each(|migrator, _| async move { migrator.down(Back::Steps(1)).await }, |_| {}).await?;
    /// println!("{} reverted, {} failed", report.well, report.failed);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`list`](Self::list).
    ///
    /// # Cancellation
    /// As that of the work, for all that are under way.
    pub async fn each<T, E, F>(
        &self,
        work: impl Fn(Migrator, Tenant) -> F,
        told: impl FnMut(TenantEvent<'_, T, E>) + Send,
    ) -> Result<TenantsReport, Error>
    where
        F: Future<Output = Result<T, E>>,
    {
        let told = Told::new(told);
        Ok(self.carry_out(self.list().await?, work, &told).await)
    }

    fn migrator_of(&self, tenant: &Tenant) -> Migrator {
        let is_found = matches!(self.choice, Choice::Matching(_));
        let home = if is_found { Home::found(tenant) } else { Home::of(tenant) };
        self.migrator.clone().in_home(home)
    }

    /// So many at once, each as soon as another has ended.
    async fn carry_out<T, E, F>(
        &self,
        tenants: Vec<Tenant>,
        work: impl Fn(Migrator, Tenant) -> F,
        told: &Told<impl FnMut(TenantEvent<'_, T, E>)>,
    ) -> TenantsReport
    where
        F: Future<Output = Result<T, E>>,
    {
        let (mut report, mut left) = (TenantsReport::default(), tenants.into_iter());
        let mut under_way = FuturesUnordered::new();
        loop {
            let ends_early = self.fails_fast && report.failed > 0 || self.migrator.stop().is_requested();
            let may_begin = !ends_early && under_way.len() < self.jobs.get();
            if let Some(tenant) = may_begin.then(|| left.next()).flatten() {
                let working = Box::pin(work(self.migrator_of(&tenant), tenant.clone()));
                under_way.push(async move { (tenant, working.await) });
                continue;
            }
            let Some((tenant, outcome)) = under_way.next().await else { break };
            report.add(&outcome);
            told.ended(&tenant, &outcome);
        }
        report.left = left.len();
        report
    }
}
