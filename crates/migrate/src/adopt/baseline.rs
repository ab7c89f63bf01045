//! A database that has the schema already, before it has a history.

use std::time::SystemTime;

use pgkeel_connect::Config;

use super::record;
use crate::adopt::tables_of_tools;
use crate::run::Lock;
use crate::run::session::Session;
use crate::snapshot::TENANT;
use crate::state::log::{Cause, Entry, Last, RunId, State, Trail};
use crate::state::{Home, history};
use crate::{
    Against, Conflict, Differences, Direction, Error, Fingerprint, Migration, Migrations, Pattern, Repeated,
    Status, Stop, Verification, Verifier, VerifyError,
};

/// What a baseline recorded.
#[derive(Debug)]
#[non_exhaustive]
pub struct Baseline {
    /// The migrations that count as applied now, without having been run.
    pub recorded: Vec<Migration>,
    /// The schema beside what these migrations make. If differences are accepted, it may also be that the two could not be
    /// compared: then why.
    pub verification: Result<Verification, VerifyError>,
    /// Tables of other tools, which were left aside when schemas were compared.
    pub left_aside: Vec<String>,
    /// Whether nothing of it stays, as it was a dry run.
    pub is_dry_run: bool,
}

/// What is to be found out before something is recorded.
#[derive(Debug)]
pub(crate) struct Check<'a> {
    pub(crate) connect: &'a Config,
    pub(crate) home: &'a Home,
    pub(crate) against: &'a Against,
    pub(crate) accepts_different: bool,
    pub(crate) stop: &'a Stop,
}

impl Check<'_> {
    /// Holds the schema against what these migrations make, as if they had been applied.
    pub(crate) async fn verify(
        &self,
        migrations: &Migrations,
        recorded: &[Migration],
        left_aside: &[String],
    ) -> Result<Result<Verification, VerifyError>, VerifyError> {
        match self.compare(migrations, recorded, left_aside).await {
            Ok(verification) if verification.is_clean() || self.accepts_different => Ok(Ok(verification)),
            Ok(verification) => Err(VerifyError::Different { verification: Box::new(verification) }),
            Err(error) if self.accepts_different && !error.is_disconnected() && !self.stop.is_requested() => {
                Ok(Err(error))
            }
            Err(error) => Err(error),
        }
    }

    async fn compare(
        &self,
        migrations: &Migrations,
        recorded: &[Migration],
        left_aside: &[String],
    ) -> Result<Verification, VerifyError> {
        let verifier = Verifier::new(self.connect.clone(), migrations.clone())
            .in_home(self.home.clone())
            .with_shadows_on(self.connect.clone())
            .with_stop(self.stop.clone())
            .leaving_aside(patterns(self.home, left_aside));
        let status = as_if(migrations, recorded);
        let alone = Box::pin(self.beside(&verifier, &status)).await?;
        let is_whole = status.applied.len() == migrations.versions();
        if alone.is_clean() || !is_whole || migrations.repeatables().next().is_none() {
            return Ok(alone);
        }
        // What repeatables make may be there, too, and is replaced when they are applied.
        let status = status.with_repeatables(migrations, all_repeated(migrations));
        let together = Box::pin(self.beside(&verifier, &status)).await;
        if self.stop.is_requested() {
            return together;
        }
        Ok(together.ok().filter(|it| differences(it) < differences(&alone)).unwrap_or(alone))
    }

    async fn beside(&self, verifier: &Verifier, status: &Status) -> Result<Verification, VerifyError> {
        match verifier.verify_as(status, self.against).await {
            // Such a lock file says nothing about this database.
            Err(
                VerifyError::OtherMajor { .. }
                | VerifyError::NotLocked { .. }
                | VerifyError::RepeatablesNotLocked { .. },
            ) => {}
            Ok(verification) if verification.lock_is_stale => {}
            other => return other,
        }
        verifier.verify_as(status, &Against::Shadow).await
    }
}

fn differences(verification: &Verification) -> usize {
    verification.differences.as_ref().map_or(usize::MAX, Differences::len)
}

fn all_repeated(migrations: &Migrations) -> Vec<Repeated> {
    let row = |file: &Migration| Repeated {
        name: file.name().to_owned(),
        applied_at: SystemTime::UNIX_EPOCH,
        sha256: file.up().sha256().to_string(),
    };
    migrations.repeatables().map(row).collect()
}

/// Of a table all that belongs to it goes along.
fn patterns(home: &Home, tables: &[String]) -> Vec<Pattern> {
    // No tool's table has a dot in its name.
    let in_tenant = |table: &str| format!("table {TENANT}.{}", table.rsplit('.').next().unwrap_or(table));
    let pattern = |table: &String| {
        if home.is_of_tenant() { in_tenant(table) } else { format!("table {table}") }
    };
    tables.iter().filter_map(|table| pattern(table).parse().ok()).collect()
}

/// What the status would be if these were applied.
pub(crate) fn as_if(migrations: &Migrations, applied: &[Migration]) -> Status {
    let rows = |migration: &Migration| history::made_by(migration, SystemTime::UNIX_EPOCH);
    Status::compare(migrations, applied.iter().flat_map(rows).collect(), &Trail::default(), None)
}

/// Refuses a database in which something is applied.
pub(crate) fn refuse(status: &Status, trail: &Trail) -> Result<(), Error> {
    // Of a file that a checkpoint has taken the place of, only the log knows how far it came.
    let is_begun = |version| trail.last.get(&version).is_some_and(Last::is_begun);
    let gone = status.conflicts.iter().filter(|it| matches!(it, Conflict::Squashed { .. }));
    let gone = gone.filter(|it| is_begun(it.version())).cloned();
    let half: Vec<_> = status.half_applied().chain(gone).collect();
    match status.applied.last() {
        Some(newest) => {
            Err(Error::AlreadyApplied { count: status.applied.len(), newest: trail.file(newest) })
        }
        None if half.is_empty() => Ok(()),
        None => Err(Error::Conflicts { conflicts: half }),
    }
}

/// What there is to record, if the schema is what these make.
pub(crate) async fn check(
    session: &Session,
    check: &Check<'_>,
    (migrations, recorded): (&Migrations, Vec<Migration>),
) -> Result<Baseline, VerifyError> {
    if recorded.is_empty() {
        return Err(Error::NothingToRecord.into());
    }
    let left_aside = tables_of_tools(session).await?;
    let verification = check.verify(migrations, &recorded, &left_aside).await?;
    Ok(Baseline { recorded, verification, left_aside, is_dry_run: true })
}

/// Records it, unless it is a dry run.
pub(crate) async fn record(
    (session, lock): (&Session, Lock),
    baseline: Baseline,
    (revision, is_dry_run): (Option<String>, bool),
) -> Result<Baseline, Error> {
    if !is_dry_run {
        let run = RunId::new(session, revision).await?;
        let found = baseline.verification.as_ref().ok().map(|verification| verification.found);
        record::write(session, lock, &statements(&run, &baseline.recorded, found)).await?;
    }
    Ok(Baseline { is_dry_run, ..baseline })
}

/// The fingerprint is that of the last one.
fn statements(run: &RunId, recorded: &[Migration], found: Option<Fingerprint>) -> Vec<String> {
    let newest = recorded.last().map(Migration::version);
    let rows = recorded.iter().flat_map(|migration| {
        let fingerprint = found.filter(|_| newest == Some(migration.version()));
        let entry = Entry::new(run, migration, Direction::Up, State::Ok);
        let entry = Entry { cause: Cause::Baseline, fingerprint, ..entry };
        [history::remember(&run.home, migration, None), entry.insert()]
    });
    rows.collect()
}
