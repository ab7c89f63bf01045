//! What would be done, as a list and as SQL.

use std::fmt::Write as _;
use std::time::Duration;

use super::log::{Entry, RunId, State};
use super::{Direction, Home, history, repeated};
use crate::files::{BATCH_SETTING, Script};
use crate::{Backfill, Kind, Migration};

/// What a call would do, in its order.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// The files.
    pub files: Vec<PlannedFile>,
    /// Statements that make the tables of this crate, where they are not there.
    tables: Vec<String>,
    revision: Option<String>,
    has_repeated: bool,
    home: Home,
}

/// A file that would be run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PlannedFile {
    /// Of which migration.
    pub migration: Migration,
    /// Which of its files.
    pub direction: Direction,
    /// How many statements the file has.
    pub statements: usize,
    /// How many of them have run already.
    pub done: usize,
    /// Whether the statements run one by one, each by itself.
    pub outside_transaction: bool,
    /// How long a statement would wait for what others have locked.
    pub lock_timeout: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
}

/// What holds for files that say nothing else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Defaults {
    pub(crate) lock_timeout: Duration,
    pub(crate) statement_timeout: Duration,
}

/// What is planned for.
#[derive(Debug)]
pub(crate) struct Scope {
    /// Where is recorded.
    pub(crate) home: Home,
    pub(crate) tables: Vec<String>,
    pub(crate) revision: Option<String>,
    /// Whether repeatables are recorded, which are due again behind a way back.
    pub(crate) has_repeated: bool,
}

impl PlannedFile {
    pub(crate) fn new(migration: &Migration, direction: Direction, done: usize, defaults: Defaults) -> Self {
        let script = script(migration, direction);
        let directives = script.directives();
        Self {
            migration: migration.clone(),
            direction,
            statements: script.len(),
            done,
            outside_transaction: directives.outside_transaction,
            lock_timeout: directives.lock_timeout.unwrap_or(defaults.lock_timeout),
            statement_timeout: directives.statement_timeout.unwrap_or(defaults.statement_timeout),
        }
    }

    /// The name of the file that says what has to be so behind it, if there is one.
    #[must_use]
    pub fn verify(&self) -> Option<&str> {
        let verify = self.migration.verify().filter(|_| self.direction == Direction::Up);
        verify.map(Script::file)
    }

    /// How its statement is repeated, if it is.
    #[must_use]
    pub fn backfill(&self) -> Option<Backfill> {
        script(&self.migration, self.direction).directives().backfill
    }

    /// The file's name.
    #[must_use]
    pub fn file(&self) -> &str {
        script(&self.migration, self.direction).file()
    }
}

fn script(migration: &Migration, direction: Direction) -> &Script {
    match direction {
        Direction::Up => migration.up(),
        Direction::Down => migration.down().unwrap_or(migration.up()),
    }
}

impl Plan {
    pub(crate) fn new(files: Vec<PlannedFile>, scope: Scope) -> Self {
        let Scope { home, tables, revision, has_repeated } = scope;
        Self { files, tables, revision, has_repeated, home }
    }

    /// A script for `psql` that does the same and leaves the same rows in the history, for an administrator who runs
    /// everything by hand. It takes no lock and tries nothing again, so nobody else may be applying migrations meanwhile. It
    /// stops at what is code of the program.
    #[must_use]
    pub fn sql(&self) -> String {
        let mut page = "\\set ON_ERROR_STOP on\n".to_owned();
        if !self.tables.is_empty() {
            let _ = writeln!(page, "\nbegin;\n{};\ncommit;", self.tables.join(";\n"));
        }
        for file in &self.files {
            self.add(&mut page, file);
        }
        page
    }

    fn add(&self, page: &mut String, file: &PlannedFile) {
        let script = script(&file.migration, file.direction);
        let (home, revision) = (self.home.clone(), self.revision.clone());
        let run = RunId { home, id: "00000000-0000-0000-0000-000000000000".into(), revision };
        let entry =
            Entry { done: script.len(), ..Entry::new(&run, &file.migration, file.direction, State::Ok) };
        let log =
            entry.insert().replacen("'00000000-0000-0000-0000-000000000000'::uuid", "gen_random_uuid()", 1);
        let record = format!("{}{log};\ncommit;\n", self.record(file));
        let scope = if file.outside_transaction { "set" } else { "set local" };
        let mut settings = format!(
            "{scope} lock_timeout = {};\n{scope} statement_timeout = {};\n",
            file.lock_timeout.as_millis(),
            file.statement_timeout.as_millis()
        );
        if let Some(path) = self.home.search_path() {
            let _ = writeln!(settings, "{scope} search_path = {path};");
        }
        if let Some(role) = &script.directives().role {
            let _ = writeln!(settings, "{scope} role {role};");
        }
        let _ = writeln!(page, "\n-- {}", script.file());
        if file.migration.kind() == Kind::Code {
            // For psql to stop there.
            let _ = writeln!(
                page,
                "do $$ begin raise exception '% is code of the program, which has to apply it', '{}'; end $$;",
                script.file()
            );
            return;
        }
        for check in &script.directives().prechecks {
            let _ = writeln!(page, "-- has to be true first: {check}");
        }
        if let Some(verify) = file.verify() {
            let _ = writeln!(page, "-- has to hold behind it: what {verify} says");
        }
        if file.outside_transaction {
            page.push_str(&settings);
            if let Some(backfill) = file.backfill() {
                page.push_str(&repeated_until_done(backfill, script.statement(0)));
            }
            let done = if file.backfill().is_some() { script.len() } else { file.done };
            for index in done..script.len() {
                let _ = writeln!(page, "{};", script.statement(index));
            }
            let _ = write!(page, "reset role;\nreset all;\nbegin;\n{record}");
        } else {
            let text = script.sql().trim_end();
            let end = if text.ends_with(';') { "" } else { "\n;" };
            let _ = write!(
                page,
                "begin;\n{settings}{text}{end}\nreset role;\nset local search_path = pg_catalog;\n{record}"
            );
        }
    }
}

/// As a block that commits behind each batch. To the server that is one statement, so no bound on its time is right.
fn repeated_until_done(backfill: Backfill, statement: &str) -> String {
    let tag = |name: &str| {
        let tags = (0..).map(|number| format!("${name}{number}$"));
        tags.into_iter().find(|tag| !statement.contains(tag.as_str())).unwrap_or_default()
    };
    let (block, text, pause) = (tag("pgkeel_block"), tag("pgkeel_text"), backfill.pause.as_secs_f64());
    format!(
        "-- repeated until it changes no row, each time in a transaction of its own\n\
         set {BATCH_SETTING} = {};\nset statement_timeout = 0;\n\
         do {block} declare changed int8; begin loop execute {text}{statement}{text}; \
         get diagnostics changed = row_count; commit; exit when changed = 0; perform pg_sleep({pause}); end loop; end {block};\n",
        backfill.batch
    )
}

impl Plan {
    /// What changes the history.
    fn record(&self, file: &PlannedFile) -> String {
        match (file.migration.kind(), file.direction) {
            (Kind::Hook, _) => String::new(),
            (Kind::Repeatable, _) => format!("{};\n", repeated::remember(&self.home, &file.migration)),
            (_, Direction::Down) if self.has_repeated => {
                format!("{};\n{};\n", self.versioned(file), repeated::forget(&self.home))
            }
            _ => format!("{};\n", self.versioned(file)),
        }
    }

    /// The time is that of the server, as the script may run much later.
    fn versioned(&self, file: &PlannedFile) -> String {
        let migration = &file.migration;
        match file.direction {
            Direction::Up => history::remember(&self.home, migration, None),
            Direction::Down => history::forget(&self.home, migration.version()),
        }
    }
}
