//! Another tool's history, taken over.

use super::baseline::{Check, as_if};
use super::history::{Resolved, find, resolve};
use super::{ImportProblem, Tool, record};
use crate::run::Lock;
use crate::run::session::Session;
use crate::state::history;
use crate::state::log::{self, Cause, Entry, RunId, State};
use crate::{Against, Applied, Conflict, Direction, Error, Migration, Migrations, Verification, VerifyError};

/// Which history is to be taken over.
///
/// ```no_run
/// use pgkeel_connect::Config;
/// use pgkeel_migrate::{Against, ImportFrom, Migrations, Migrator, Tool};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let migrator = Migrator::new(Config::from_env()?, Migrations::from_dir("migrations")?);
/// // The first start after the change imports; each later one finds nothing to do.
/// migrator.import(&ImportFrom::tool(Tool::Sqlx).verified(Against::Shadow)).await?;
/// migrator.up().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ImportFrom {
    tool: Tool,
    table: Option<String>,
    against: Option<Against>,
    accepts_edited: bool,
}

impl ImportFrom {
    /// That of this tool, in the table that it usually has.
    #[must_use]
    pub fn tool(tool: Tool) -> Self {
        Self { tool, table: None, against: None, accepts_edited: false }
    }

    /// The same in another table, as SQL would name it: with its schema if that is not on the search path, with quotes where
    /// they are needed.
    #[must_use]
    pub fn table(mut self, table: impl Into<String>) -> Self {
        self.table = Some(table.into());
        self
    }

    /// The same, only if the schema is what the migrations make that are applied.
    #[must_use]
    pub fn verified(mut self, against: Against) -> Self {
        self.against = Some(against);
        self
    }

    /// The same, also where a file is not the one that the tool applied, by the tool's checksum.
    #[must_use]
    pub fn accepting_edited(mut self) -> Self {
        self.accepts_edited = true;
        self
    }

    pub(crate) fn against(&self) -> Option<&Against> {
        self.against.as_ref()
    }
}

/// What an import recorded.
#[derive(Debug)]
#[non_exhaustive]
pub struct Imported {
    /// The tool.
    pub tool: Tool,
    /// Its table, with its schema. It is left as it is.
    pub table: String,
    /// The migrations that count as applied now, without having been run.
    pub recorded: Vec<Migration>,
    /// How many were recorded before.
    pub already: usize,
    /// Migrations that the tool has applied and that were reverted here since: they stay pending.
    pub reverted: Vec<Migration>,
    /// What keeps the rest from being applied.
    pub conflicts: Vec<Conflict>,
    /// The schema beside what the migrations make, if that was asked for and there was something to record.
    pub verification: Option<Result<Verification, VerifyError>>,
    /// Whether nothing of it stays, as it was a dry run.
    pub is_dry_run: bool,
}

/// A migration, and when the tool says that it was applied.
type New = Vec<(Migration, Option<std::time::SystemTime>)>;

/// What there is to record.
pub(crate) struct Found<'a> {
    from: &'a ImportFrom,
    migrations: &'a Migrations,
    table: String,
    new: New,
    already: usize,
    reverted: Vec<Migration>,
    /// All that is applied once it is recorded.
    then: Vec<Migration>,
}

/// Reads the tool's table, and refuses what is wrong with it.
pub(crate) async fn look<'a>(
    session: &Session,
    from: &'a ImportFrom,
    migrations: &'a Migrations,
) -> Result<Found<'a>, Error> {
    let (ours, trail) = (history::rows_of_ours(session).await?, log::trail(session).await?);
    let table = find(session, from.tool, from.table.as_deref()).await?;
    let found = resolve(session, &table, migrations, from.accepts_edited).await?;
    let (new, problems) = news(found, &ours);
    if !problems.is_empty() {
        return Err(Error::Import { tool: from.tool, problems });
    }
    let is_reverted = |(migration, _): &(Migration, _)| trail.is_reverted(migration.version());
    let (reverted, new): (New, New) = new.into_iter().partition(is_reverted);
    let reverted = reverted.into_iter().map(|(migration, _)| migration).collect();
    let (already, then) = (together(migrations, &ours, &New::new()).len(), together(migrations, &ours, &new));
    Ok(Found { from, migrations, table: table.name, new, already, reverted, then })
}

impl Found<'_> {
    pub(crate) fn is_nothing(&self) -> bool {
        self.new.is_empty()
    }

    /// Holds the schema against what will be applied, if that was asked for.
    pub(crate) async fn verify(
        &self,
        check: Option<Check<'_>>,
    ) -> Result<Option<Result<Verification, VerifyError>>, VerifyError> {
        let Some(check) = check else { return Ok(None) };
        check.verify(self.migrations, &self.then, std::slice::from_ref(&self.table)).await.map(Some)
    }

    pub(crate) async fn record(&self, session: &Session, lock: Lock, run: &RunId) -> Result<(), Error> {
        let note = format!("{} in {}", self.from.tool, self.table);
        let rows = self.new.iter().flat_map(|(migration, on)| {
            let entry = Entry::new(run, migration, Direction::Up, State::Ok);
            let entry = Entry { cause: Cause::Import, note: Some(&note), ..entry };
            [history::remember(migration, *on), entry.insert()]
        });
        record::write(session, lock, &rows.collect::<Vec<_>>()).await
    }

    pub(crate) fn told(
        self,
        verification: Option<Result<Verification, VerifyError>>,
        is_dry_run: bool,
    ) -> Imported {
        let Self { from, migrations, table, already, reverted, .. } = self;
        let recorded = self.new.into_iter().map(|(migration, _)| migration).collect();
        let conflicts = as_if(migrations, &self.then).conflicts;
        Imported { tool: from.tool, table, recorded, already, reverted, conflicts, verification, is_dry_run }
    }
}

/// What is not in our history yet, and what is in it as something else.
fn news(found: Resolved, ours: &[Applied]) -> (New, Vec<ImportProblem>) {
    // What is recorded needs no file.
    let is_recorded = |problem: &ImportProblem| match problem {
        ImportProblem::Squashed { version, .. } => ours.iter().any(|row| row.version == *version),
        _ => false,
    };
    let mut problems: Vec<_> = found.problems.into_iter().filter(|it| !is_recorded(it)).collect();
    let mut new = Vec::new();
    for (migration, on) in found.applied {
        match ours.iter().find(|row| row.version == migration.version()) {
            None => new.push((migration, on)),
            Some(row) if row.name == migration.name() => {}
            Some(row) => problems
                .push(ImportProblem::Renamed { file: migration.file().to_owned(), recorded: row.file() }),
        }
    }
    (new, problems)
}

/// What will be applied, as files.
fn together(migrations: &Migrations, ours: &[Applied], new: &New) -> Vec<Migration> {
    let ours = ours.iter().map(|row| row.version);
    let versions: Vec<i64> = ours.chain(new.iter().map(|(it, _)| it.version())).collect();
    migrations.only(&versions, &[]).chain().for_empty(i64::MAX)
}
