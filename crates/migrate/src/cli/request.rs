//! What was typed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ArgMatches;
use pgkeel_connect::Config;

use super::adoption::Words;
use super::checks::{Page, With};
use super::lint::Lint;
use super::schemas::Side;
use super::squash::Words as SquashWords;
use crate::migrator::Accepted;
use crate::{Back, Direction, DryRun, LockFile, Migrations, Migrator, Phase, Stop, Target};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) verb: Verb,
    pub(crate) directory: PathBuf,
    pub(crate) json: bool,
    pub(crate) detail: bool,
    options: Options,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verb {
    Up,
    Down(Back),
    Redo,
    Status { check: bool },
    Plan { down: Option<Back>, sql: bool },
    Validate,
    New { name: String, content: Option<(Content, String)>, way_back: Option<WayBack>, code: bool },
    Lint(Lint),
    Verify { with: With, page: Page },
    Test { page: Page },
    Lock { check: bool },
    Squash(SquashWords),
    LockInfo,
    Repair { version: i64, statement: usize },
    Baseline,
    Mark { direction: Direction, versions: Vec<i64>, reason: String },
    Import(Box<Words>),
    Wait { applied: bool, limit: Duration },
    Snapshot { output: Option<PathBuf> },
    Diff { sides: [Side; 2], page: Page },
    Doctor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Index,
    NotNull,
    ForeignKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WayBack {
    Down,
    Irreversible,
    /// None, as it is never reverted.
    Repeatable,
}

/// What changes a [`Migrator`], where the verb has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Options {
    lock_wait: Option<Duration>,
    lock_timeout: Option<Duration>,
    statement_timeout: Option<Duration>,
    retries: Option<u32>,
    dry_run: Option<DryRun>,
    revision: Option<String>,
    target: Target,
    phase: Option<Phase>,
    accepted: Accepted,
    pooler_safe: bool,
    no_record: bool,
}

impl Request {
    pub(crate) fn of(matches: &ArgMatches) -> Self {
        let (verb, words) = matches.subcommand().expect("clap asks for a verb");
        let directory = words.get_one::<PathBuf>("dir").expect("it has a default").clone();
        let is_json_format = value::<String>(words, "format").is_some_and(|format| format == "json");
        let (json, detail) = (words.get_flag("json") || is_json_format, has(words, "detail"));
        Self { verb: Verb::of(verb, words), directory, json, detail, options: Options::of(words) }
    }

    /// Whether it changes the database, so that it should end in good order.
    pub(crate) fn changes_database(&self) -> bool {
        let runs = matches!(self.verb, Verb::Up | Verb::Down(_) | Verb::Redo);
        runs || matches!(
            self.verb,
            Verb::Repair { .. } | Verb::Baseline | Verb::Mark { .. } | Verb::Import(_)
        )
    }

    /// Where our files are, or will be.
    fn place(&self) -> &Path {
        match &self.verb {
            Verb::Import(words) => words.place(&self.directory),
            _ => &self.directory,
        }
    }

    pub(crate) fn migrator(self, connect: Config, migrations: Migrations, stop: Stop) -> Migrator {
        // What is recorded is of the same sides as what is committed; one that cannot be read is for `verify` to tell.
        let lock = LockFile::read(self.place()).ok().flatten();
        // No `..`: an option that nobody applies must not compile.
        let Options {
            lock_wait,
            lock_timeout,
            statement_timeout,
            retries,
            dry_run,
            revision,
            target,
            phase,
            accepted,
            pooler_safe,
            no_record,
        } = self.options;
        let mut migrator = Migrator::new(connect, migrations).with_stop(stop).with_target(target);
        migrator = maybe(migrator, lock.map(|lock| lock.scope().clone()), Migrator::with_recorded);
        migrator = maybe(migrator, lock_wait, Migrator::with_lock_wait);
        migrator = maybe(migrator, lock_timeout, Migrator::with_lock_timeout);
        migrator = maybe(migrator, statement_timeout, Migrator::with_statement_timeout);
        migrator = maybe(migrator, retries, Migrator::with_retries);
        migrator = maybe(migrator, dry_run, Migrator::with_dry_run);
        migrator = maybe(migrator, revision, Migrator::with_revision);
        migrator = maybe(migrator, phase, Migrator::with_phase);
        migrator = maybe(migrator, pooler_safe.then_some(()), |migrator, ()| migrator.safe_for_poolers());
        migrator = maybe(migrator, no_record.then_some(()), |migrator, ()| migrator.without_record());
        migrator.accepting(accepted)
    }
}

fn maybe<T>(migrator: Migrator, value: Option<T>, with: impl Fn(Migrator, T) -> Migrator) -> Migrator {
    match value {
        Some(value) => with(migrator, value),
        None => migrator,
    }
}

impl Verb {
    /// Whether it is about the files of the directory, or may be.
    pub(crate) fn takes_files(&self) -> bool {
        match self {
            Self::Wait { applied, .. } => *applied,
            Self::Diff { sides, .. } => sides.contains(&Side::Files),
            Self::Snapshot { .. } => false,
            _ => true,
        }
    }

    fn of(verb: &str, words: &ArgMatches) -> Self {
        match verb {
            "up" => Self::Up,
            "down" => Self::Down(back(words)),
            "redo" => Self::Redo,
            "status" => Self::Status { check: words.get_flag("check") },
            "plan" => {
                Self::Plan { down: words.get_flag("down").then(|| back(words)), sql: words.get_flag("sql") }
            }
            "validate" => Self::Validate,
            "new" => Self::new(words),
            "lint" => Self::Lint(Lint::of(words)),
            "verify" => Self::Verify { with: with(words), page: page(words) },
            "test" => Self::Test { page: page(words) },
            "lock" => Self::Lock { check: words.get_flag("check") },
            "squash" => Self::Squash(SquashWords::of(words)),
            "lock-info" => Self::LockInfo,
            "baseline" => Self::Baseline,
            "mark" => Self::mark(words),
            "import" => Self::Import(Box::new(Words::of(words))),
            "wait" => Self::Wait {
                applied: words.get_flag("applied"),
                limit: value(words, "timeout").expect("it has a default"),
            },
            "snapshot" => Self::Snapshot { output: value(words, "output") },
            "diff" => Self::Diff {
                sides: ["expected", "found"].map(|side| value(words, side).expect("clap asks for it")),
                page: page(words),
            },
            "doctor" => Self::Doctor,
            _ => Self::Repair {
                version: value(words, "version").expect("clap asks for it"),
                statement: value(words, "continue-at").expect("clap asks for it"),
            },
        }
    }

    fn mark(words: &ArgMatches) -> Self {
        let direction = match value::<String>(words, "as").as_deref() {
            Some("applied") => Direction::Up,
            _ => Direction::Down,
        };
        let versions = words.get_many("versions").expect("clap asks for it").copied().collect();
        Self::Mark { direction, versions, reason: value(words, "reason").expect("clap asks for it") }
    }

    fn new(words: &ArgMatches) -> Self {
        let contents = [
            ("concurrent-index", Content::Index),
            ("not-null", Content::NotNull),
            ("foreign-key", Content::ForeignKey),
        ];
        let content = contents.into_iter().find_map(|(name, content)| Some((content, value(words, name)?)));
        let flags = [
            ("down", WayBack::Down),
            ("irreversible", WayBack::Irreversible),
            ("repeatable", WayBack::Repeatable),
        ];
        let way_back = flags.into_iter().find_map(|(name, way)| words.get_flag(name).then_some(way));
        let name = value(words, "name").expect("clap asks for it");
        Self::New { name, content, way_back, code: words.get_flag("code") }
    }
}

impl Options {
    fn of(words: &ArgMatches) -> Self {
        let target = match (value(words, "to"), value(words, "steps")) {
            (Some(version), _) => Target::Version(version),
            (None, Some(steps)) => Target::Steps(steps),
            (None, None) => Target::Latest,
        };
        Self {
            lock_wait: value(words, "lock-wait"),
            lock_timeout: value(words, "lock-timeout"),
            statement_timeout: value(words, "statement-timeout"),
            retries: value(words, "retries"),
            dry_run: dry_run(words),
            revision: value(words, "revision"),
            target,
            phase: value::<String>(words, "phase").map(|phase| match phase.as_str() {
                "expand" => Phase::Expand,
                _ => Phase::Contract,
            }),
            accepted: Accepted {
                edited_downs: has(words, "accept-edited"),
                destructive: has(words, "accept-destructive"),
                differences: has(words, "accept-different"),
            },
            pooler_safe: has(words, "pooler-safe"),
            no_record: has(words, "no-record"),
        }
    }
}

/// Of verbs that run nothing it is a flag.
fn dry_run(words: &ArgMatches) -> Option<DryRun> {
    let of_flag = has(words, "dry-run").then_some(DryRun::Rollback);
    let how = value::<String>(words, "dry-run").map(|how| match how.as_str() {
        "shadow" => DryRun::Shadow,
        _ => DryRun::Rollback,
    });
    how.or(of_flag)
}

fn with(words: &ArgMatches) -> With {
    match value::<String>(words, "against").as_deref() {
        Some("recorded") => With::Recorded,
        Some("lock") => With::LockFile,
        Some(_) => With::Shadow,
        None => With::Any,
    }
}

fn page(words: &ArgMatches) -> Page {
    if has(words, "markdown") { Page::Markdown } else { Page::Text }
}

fn back(words: &ArgMatches) -> Back {
    match value(words, "to") {
        Some(version) => Back::To(version),
        None => Back::Steps(value(words, "steps").unwrap_or(1)),
    }
}

/// `None` also for what the verb does not have.
pub(super) fn value<T: Clone + Send + Sync + 'static>(words: &ArgMatches, name: &str) -> Option<T> {
    words.try_get_one::<T>(name).ok().flatten().cloned()
}

pub(super) fn has(words: &ArgMatches, name: &str) -> bool {
    value(words, name).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::super::arguments::command;
    use super::*;
    use crate::Removal;

    fn parsed(words: &[&str]) -> Request {
        let words = ["migrate"].iter().chain(words);
        Request::of(&command().try_get_matches_from(words).unwrap())
    }

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn every_verb_has_its_defaults() {
        let up = parsed(&["up", "--lock-wait", "250ms"]);
        assert_eq!((up.verb, up.directory, up.json), (Verb::Up, "./migrations".into(), false));
        let options = Options {
            lock_wait: Some(Duration::from_millis(250)),
            lock_timeout: Some(Duration::from_secs(5)),
            statement_timeout: Some(Duration::from_hours(1)),
            retries: Some(5),
            ..Options::default()
        };
        assert_eq!(up.options, options);
        let status = parsed(&["status", "--check", "--json", "--dir", "db"]);
        assert_eq!(
            (status.verb, status.directory, status.json),
            (Verb::Status { check: true }, "db".into(), true)
        );
        assert_eq!(parsed(&["down"]).verb, Verb::Down(Back::Steps(1)));
        assert_eq!(
            parsed(&["plan", "--down", "--to", "V7"]).verb,
            Verb::Plan { down: Some(Back::To(7)), sql: false }
        );
    }

    #[test]
    fn how_far_and_how_are_read() {
        assert_eq!(
            parsed(&["up", "--to", "V20250317082000"]).options.target,
            Target::Version(20_250_317_082_000)
        );
        assert_eq!(parsed(&["up", "--steps", "2"]).options.target, Target::Steps(2));
        assert_eq!(parsed(&["down", "--to", "0"]).verb, Verb::Down(Back::To(0)));
        assert_eq!(parsed(&["plan", "--phase", "expand"]).options.phase, Some(Phase::Expand));
        assert_eq!(parsed(&["up", "--dry-run"]).options.dry_run, Some(DryRun::Rollback));
        assert_eq!(parsed(&["redo", "--dry-run=shadow"]).options.dry_run, Some(DryRun::Shadow));
        assert_eq!(
            parsed(&["repair", "7", "--continue-at", "3"]).verb,
            Verb::Repair { version: 7, statement: 3 }
        );
    }

    #[test]
    fn what_to_lint_is_read() {
        let Verb::Lint(lint) =
            parsed(&["lint", "--all", "--rules", "a,b", "--exclude", "c", "--server-version", "17"]).verb
        else {
            panic!("another verb")
        };
        assert!(lint.all && !lint.strict && !lint.github);
        assert_eq!(
            (lint.rules, lint.exclude, lint.server),
            (vec!["a".into(), "b".into()], vec!["c".into()], Some(17))
        );
        assert!(parsed(&["lint", "--format", "json"]).json);
    }

    #[test]
    fn looking_verbs_are_read() {
        let (applied, limit) = (true, Duration::from_secs(90));
        assert_eq!(parsed(&["wait", "--applied", "--timeout", "90s"]).verb, Verb::Wait { applied, limit });
        assert_eq!(parsed(&["snapshot", "--output", "a"]).verb, Verb::Snapshot { output: Some("a".into()) });
        let sides = [Side::Files, Side::Other("host=h user=u dbname=d".into())];
        assert_eq!(
            parsed(&["diff", "files", "host=h user=u dbname=d"]).verb,
            Verb::Diff { sides, page: Page::Text }
        );
        let sides = [Side::Written("a.schema".into()), Side::Database];
        assert_eq!(
            parsed(&["diff", "a.schema", "database", "--markdown"]).verb,
            Verb::Diff { sides, page: Page::Markdown }
        );
        assert_eq!(parsed(&["doctor"]).verb, Verb::Doctor);
        let (removal, dry_run) = (Some(Removal::Replaced), true);
        assert_eq!(
            parsed(&["squash", "--to", "V7", "--remove", "--dry-run"]).verb,
            Verb::Squash(SquashWords { version: 7, name: "checkpoint".into(), removal, dry_run })
        );
        let up = parsed(&["up", "--pooler-safe", "--no-record"]).options;
        assert!(up.pooler_safe && up.no_record);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for words in [
            &["new"][..],
            &["up", "--lock-wait", "0"],
            &["up", "--to", "1", "--steps", "1"],
            &["up", "--to", "next"],
            &["up", "--dry-run=maybe"],
            &["new", "a", "--down", "--irreversible"],
            &["new", "a", "--down", "--repeatable"],
            &["new", "a", "--repeatable", "--not-null", "t(c)"],
            &["new", "a", "--not-null", "t(c)", "--concurrent-index", "t(c)"],
            &["new", "a", "--code", "--repeatable"],
            &["new", "a", "--code", "--not-null", "t(c)"],
            &["repair", "7"],
            &["lint", "--json", "--format", "github"],
            &["lint", "--server-version", "9"],
            &["up", "--pooler-safe", "--dry-run"],
            &["diff", "files"],
            &["squash"],
            &["squash", "--to", "7", "--remove=some"],
        ] {
            let words = ["migrate"].iter().chain(words);
            assert!(command().try_get_matches_from(words.clone()).is_err(), "{words:?}");
        }
    }
}
