//! What in migration files would block or break a database in use, told before they run: squawk's rules, but those that
//! hold anyway for files that run here, and our own, which know how files are run.
//!
//! Nothing of squawk is public; `squawk.rs` and `table.rs` are all that knows it.

mod excuse;
mod finding;
mod lines;
mod own;
mod selection;
mod squawk;
mod subject;
mod table;

use std::collections::BTreeSet;
use std::ops::Range;

use self::excuse::Excuses;
pub use self::finding::{LintEdit, LintFinding, LintFix, LintLevel, LintReport};
use self::selection::Selection;
use self::subject::Batch;
use crate::files::Script;
use crate::{Error, Kind, Migration, Migrations, Phase, Status};

/// Looks for what would block or break a database in use. Needs none itself.
///
/// A comment `-- squawk-ignore RULE` above a statement or on its line excuses it, `-- squawk-ignore-file RULE` the file.
/// What [`Migrator::up`](crate::Migrator::up) would refuse no comment excuses, but `-- pgkeel: destructive=accepted`.
///
/// ```
/// use pgkeel_migrate::{LintLevel, Linter, Migrations};
///
/// let migrations = Migrations::from_static(&[
///     ("V1__orders.sql", "create table orders (id bigint primary key, placed_at timestamptz);"),
///     ("V2__faster.sql", "create index orders_placed_at_idx on orders (placed_at);"),
/// ])?;
/// let report = Linter::new(migrations).without(["irreversible"])?.lint();
/// let found: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
/// assert!(found[0].starts_with("V2__faster.sql:1:1: error: require-concurrent-index-creation: "));
/// assert!(report.has(LintLevel::Error));
/// # Ok::<(), pgkeel_migrate::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Linter {
    migrations: Migrations,
    /// The names of the files that are pending; `None` for each file by itself.
    pending: Option<BTreeSet<String>>,
    server: Option<u32>,
    selection: Selection,
}

impl Linter {
    /// For every file, each as if all before it had been applied long ago. A file that undoes another runs on a database in
    /// use, too, so what blocks one is told of it; but programs that need what it takes away have gone by then, and how it
    /// writes what was there before is not its choice.
    #[must_use]
    pub fn new(migrations: Migrations) -> Self {
        Self { migrations, pending: None, server: None, selection: Selection::default() }
    }

    /// The same for what is pending or due only, and hooks if anything is. As these files are applied one after the
    /// other, nobody uses yet what one of them makes, so the next may do with it what it likes. On a database without any
    /// migration that is nearly everything.
    #[must_use]
    pub fn pending(mut self, status: &Status) -> Self {
        let files = status.pending.iter().chain(&status.due);
        self.pending = Some(files.map(|migration| migration.file().to_owned()).collect());
        self
    }

    /// The same for servers of this major version, such as 17. Default: 14, the oldest that will do.
    #[must_use]
    pub fn with_server_version(mut self, major: u32) -> Self {
        self.server = Some(major);
        self
    }

    /// The same with these rules instead of the usual ones. Some are looked for only if they are named here.
    ///
    /// # Errors
    /// [`Error::NotARule`] for a name that is none, or of a rule that holds anyway.
    pub fn only<'a>(mut self, rules: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        self.selection.only(rules)?;
        Ok(self)
    }

    /// The same without these rules.
    ///
    /// # Errors
    /// As [`only`](Self::only).
    pub fn without<'a>(mut self, rules: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        self.selection.without(rules)?;
        Ok(self)
    }

    /// The names of all rules with their levels, in alphabetical order, and whether each is looked for without being
    /// asked for.
    pub fn rules() -> impl Iterator<Item = (String, LintLevel, bool)> {
        selection::all().into_iter()
    }

    /// Looks.
    #[must_use]
    pub fn lint(&self) -> LintReport {
        let (mut findings, mut files, mut batch) = (Vec::new(), 0, Batch::default());
        for migration in self.migrations.all().filter(|migration| self.is_meant(migration)) {
            if self.pending.is_none() {
                batch = Batch::default();
            }
            // Made of files that had their turn, for a database that nobody uses.
            if migration.kind() == Kind::Checkpoint {
                batch.take(migration.up());
                continue;
            }
            findings.extend(self.lint_one(migration, &mut batch));
            files += 1;
            if let Some(down) = migration.down().filter(|_| migration.kind() == Kind::Versioned) {
                findings.extend(self.lint_back(down));
                files += 1;
            }
        }
        LintReport { findings, files }
    }

    fn is_meant(&self, migration: &Migration) -> bool {
        let is_hook = migration.kind() == Kind::Hook;
        self.pending
            .as_ref()
            .is_none_or(|pending| pending.contains(migration.file()) || is_hook && !pending.is_empty())
    }

    fn lint_one(&self, migration: &Migration, batch: &mut Batch) -> Vec<LintFinding> {
        let script = migration.up();
        let (fresh, is_contract) = (batch.take(script), script.directives().phase == Phase::Contract);
        self.find(script, own::hits(migration), |hit| match hit.when {
            When::Always | When::Forward => false,
            When::InUse => fresh.is_at(hit.range.start),
            When::OldProgram => is_contract || fresh.is_at(hit.range.start),
        })
    }

    /// A way back, which is taken long after the other, alone.
    fn lint_back(&self, script: &Script) -> Vec<LintFinding> {
        let fresh = Batch::default().take(script);
        self.find(script, own::hits_back(script), |hit| match hit.when {
            When::Always => false,
            When::Forward | When::OldProgram => true,
            When::InUse => fresh.is_at(hit.range.start),
        })
    }

    fn find(&self, script: &Script, of_own: Vec<Hit>, is_idle: impl Fn(&Hit) -> bool) -> Vec<LintFinding> {
        let excuses = Excuses::of(script);
        let mut hits = squawk::hits(script, &self.selection, self.server);
        let is_excused =
            |hit: &Hit| hit.rule != own::DESTRUCTIVE && excuses.excuse(&hit.rule, hit.range.start);
        let is_told = |hit: &Hit| self.selection.has(&hit.rule) && !is_excused(hit);
        hits.extend(of_own.into_iter().filter(is_told));
        hits.retain(|hit| !is_idle(hit));
        hits.sort_by_key(|hit| (hit.range.start, std::cmp::Reverse(hit.level)));
        hits.into_iter().map(|hit| hit.into_finding(script)).collect()
    }
}

/// When a rule matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// Whatever the statement is about.
    Always,
    /// The same, but not on a way back, which brings back what was there, however that was chosen.
    Forward,
    /// If others use what the statement is about.
    InUse,
    /// If programs that know the schema as it was use it, so not in a file with `phase=contract`, and not on a way back: that
    /// is taken when the programs that need what it takes away have gone.
    OldProgram,
}

/// A finding before it is told.
#[derive(Debug, Clone)]
struct Hit {
    rule: String,
    level: LintLevel,
    when: When,
    /// In bytes of the text.
    range: Range<usize>,
    message: String,
    help: Option<String>,
    fix: Option<Change>,
}

/// A fix before it is told.
#[derive(Debug, Clone)]
struct Change {
    title: String,
    /// What to put in the place of which bytes.
    edits: Vec<(Range<usize>, String)>,
}

impl Hit {
    fn into_finding(self, script: &Script) -> LintFinding {
        let at = |byte| crate::Location::of_byte(script.sql(), byte);
        let edit = |(range, text): (Range<usize>, String)| LintEdit {
            from: at(range.start),
            to: at(range.end),
            text,
        };
        LintFinding {
            file: script.file().to_owned(),
            from: at(self.range.start),
            to: at(self.range.end),
            rule: self.rule,
            level: self.level,
            message: self.message,
            help: self.help,
            fix: self.fix.map(|Change { title, edits }| LintFix {
                title,
                edits: edits.into_iter().map(edit).collect(),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
