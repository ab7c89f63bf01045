//! Another tool's history, taken over.

use super::baseline::{Check, as_if};
use super::history::{Resolved, find, resolve};
use super::{ImportProblem, Tool, record};
use crate::run::Lock;
use crate::run::session::Session;
use crate::state::history;
use crate::state::log::{self, Cause, Entry, RunId, State, Trail};
use crate::{
    Against, Applied, Conflict, Direction, Error, Fingerprint, Migration, Migrations, Squashed, Verification,
    VerifyError,
};

/// Which history is to be taken over.
///
/// ```no_run
/// use pgkeel_connect::Config;
/// use pgkeel_migrate::{Against, Error, ImportFrom, Migrations, Migrator, Tool, VerifyError};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let migrator = Migrator::new(Config::from_env()?, Migrations::from_dir("migrations")?);
/// // The first start after the change imports; each later one finds nothing to do.
/// match migrator.import(&ImportFrom::tool(Tool::Sqlx).verified(Against::Shadow)).await {
///     // A new database has no table of the tool, nor has one that it was dropped from.
///     Ok(_) | Err(VerifyError::Migrate(Error::NoToolTable { .. })) => {}
///     Err(error) => return Err(error.into()),
/// }
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
    /// The migrations that count as applied now, without having been run; a checkpoint in the place of those whose files
    /// are gone.
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

/// A version whose file is gone, and the same.
type Gone = Vec<(Squashed, Option<std::time::SystemTime>)>;

/// What there is to record.
pub(crate) struct Found<'a> {
    from: &'a ImportFrom,
    migrations: &'a Migrations,
    table: String,
    new: New,
    /// All of them are listed by the newest checkpoint.
    gone: Gone,
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
    let (new, gone, problems) = news(found, migrations, (&ours, &trail));
    if !problems.is_empty() {
        return Err(Error::Import { tool: from.tool, problems });
    }
    let is_reverted = |(migration, _): &(Migration, _)| trail.is_reverted(migration.version());
    let (reverted, new): (New, New) = new.into_iter().partition(is_reverted);
    let reverted = reverted.into_iter().map(|(migration, _)| migration).collect();
    let already = ours.iter().map(|row| row.version);
    let to_come = new.iter().map(|(it, _)| it.version()).chain(gone.iter().map(|(it, _)| it.version));
    let then = together(migrations, &already.clone().chain(to_come).collect::<Vec<_>>());
    let already = together(migrations, &already.collect::<Vec<_>>()).len();
    Ok(Found { from, migrations, table: table.name, new, gone, already, reverted, then })
}

impl Found<'_> {
    pub(crate) fn is_nothing(&self) -> bool {
        self.new.is_empty() && self.gone.is_empty()
    }

    /// Holds the schema against what will be applied, if that was asked for.
    pub(crate) async fn verify(
        &self,
        check: Option<Check<'_>>,
    ) -> Result<Option<Result<Verification, VerifyError>>, VerifyError> {
        let Some(check) = check else { return Ok(None) };
        check.verify(self.migrations, &self.then, std::slice::from_ref(&self.table)).await.map(Some)
    }

    /// The fingerprint, of a schema that was compared, is that of the last one.
    pub(crate) async fn record(
        &self,
        session: &Session,
        lock: Lock,
        (run, found): (&RunId, Option<Fingerprint>),
    ) -> Result<(), Error> {
        let note = format!("{} in {}", self.from.tool, self.table);
        let newest = self.then.last().map(Migration::version);
        let entry = |migration: &Migration, cause| {
            let fingerprint = found.filter(|_| newest == Some(migration.version()));
            let entry = Entry::new(run, migration, Direction::Up, State::Ok);
            Entry { cause, note: Some(&note), fingerprint, ..entry }.insert()
        };
        let home = &run.home;
        let of_gone = self.gone.iter().map(|(gone, on)| history::remember_squashed(home, gone, *on));
        // Its text is none of theirs, so it is logged as what it is and not as one of them.
        let of_gone = of_gone.chain(self.checkpoint().map(|it| entry(it, Cause::Run)));
        let of_new = self.new.iter();
        let of_new =
            of_new.flat_map(|(file, on)| [history::remember(home, file, *on), entry(file, Cause::Import)]);
        record::write(session, lock, &of_gone.chain(of_new).collect::<Vec<_>>()).await
    }

    /// What stands for the files that are gone.
    fn checkpoint(&self) -> Option<&Migration> {
        let (first, _) = self.gone.first()?;
        self.migrations.squashed(first.version).map(|(checkpoint, _)| checkpoint)
    }

    pub(crate) fn told(
        self,
        verification: Option<Result<Verification, VerifyError>>,
        is_dry_run: bool,
    ) -> Imported {
        let stands = self.checkpoint().cloned();
        let Self { from, migrations, table, already, reverted, .. } = self;
        let recorded =
            stands.into_iter().chain(self.new.into_iter().map(|(migration, _)| migration)).collect();
        let conflicts = as_if(migrations, &self.then).conflicts;
        Imported { tool: from.tool, table, recorded, already, reverted, conflicts, verification, is_dry_run }
    }
}

/// What is not in our history yet, and what is in it as something else.
fn news(
    found: Resolved,
    migrations: &Migrations,
    (ours, trail): (&[Applied], &Trail),
) -> (New, Gone, Vec<ImportProblem>) {
    let mut problems = found.problems;
    let mut new = Vec::new();
    let row = |version: i64| ours.iter().find(|row| row.version == version);
    if !found.gone.is_empty() {
        problems.extend(lacking(&found.gone, migrations, ours));
    }
    for (migration, on) in found.applied {
        match row(migration.version()) {
            None => new.push((migration, on)),
            Some(row) if row.name == migration.name() => {}
            Some(row) => problems.push(ImportProblem::Renamed {
                file: migration.file().to_owned(),
                recorded: trail.file(row),
            }),
        }
    }
    // What is not as the checkpoint lists it is a conflict by itself.
    let gone = found.gone.into_iter().filter(|(gone, _)| row(gone.version).is_none());
    (new, gone.collect(), problems)
}

/// What a checkpoint takes the place of that is not applied: nothing could apply it any more.
fn lacking(gone: &Gone, migrations: &Migrations, ours: &[Applied]) -> Vec<ImportProblem> {
    let is_applied = |version: i64| {
        gone.iter().any(|(it, _)| it.version == version) || ours.iter().any(|row| row.version == version)
    };
    let lacking = migrations.gone().filter(|(_, it)| !is_applied(it.version));
    let problem = |(checkpoint, it): (&Migration, &Squashed)| ImportProblem::NotSquashed {
        file: it.file(),
        checkpoint: checkpoint.file().to_owned(),
    };
    lacking.map(problem).collect()
}

/// What will be applied, as files.
fn together(migrations: &Migrations, versions: &[i64]) -> Vec<Migration> {
    migrations.only(versions, &[]).chain().for_empty(i64::MAX)
}
