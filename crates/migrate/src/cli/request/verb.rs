//! What is to be done.

use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;

use super::{has, value};
use crate::cli::adoption::Words;
use crate::cli::checks::{Page, With};
use crate::cli::lint::Lint;
use crate::cli::schemas::Side;
use crate::cli::squash::Words as SquashWords;
use crate::{Back, Direction};

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
    Backfill,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WayBack {
    Down,
    Irreversible,
    /// None, as it is never reverted.
    Repeatable,
}

impl Verb {
    /// Whether it is about the files of the directory, or may be.
    pub(crate) fn takes_files(&self) -> bool {
        match self {
            Self::Wait { applied, .. } => *applied,
            Self::Diff { sides, .. } => sides.contains(&Side::Files),
            Self::Snapshot { .. } | Self::LockInfo => false,
            _ => true,
        }
    }

    pub(super) fn of(verb: &str, words: &ArgMatches) -> Self {
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
            ("backfill", Content::Backfill),
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
