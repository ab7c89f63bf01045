//! Rules of our own, which know how files are run.

use super::{Hit, LintLevel, When, squawk};
use crate::destructive;
use crate::files::{Script, Statement, statements};
use crate::{Kind, Migration};

/// In alphabetical order.
pub(super) const RULES: [(&str, LintLevel); 5] = [
    (DESTRUCTIVE, LintLevel::Error),
    (IRREVERSIBLE, LintLevel::Warning),
    (NEEDLESS, LintLevel::Warning),
    (OPAQUE, LintLevel::Info),
    (SYNTAX, LintLevel::Error),
];

/// What a comment does not excuse, as `up` refuses it all the same.
pub(super) const DESTRUCTIVE: &str = "destructive";
const IRREVERSIBLE: &str = "irreversible";
const NEEDLESS: &str = "needless-acceptance";
const OPAQUE: &str = "opaque";
const SYNTAX: &str = "syntax";

pub(super) fn hits(migration: &Migration) -> Vec<Hit> {
    let script = migration.up();
    let mut found = opaque(script);
    let is_opaque = !found.is_empty();
    found.extend(unreadable(script));
    found.extend(irreversible(migration));
    found.extend(destructive(script, is_opaque));
    found
}

/// Of a way back, which is destructive by nature.
pub(super) fn hits_back(script: &Script) -> Vec<Hit> {
    let mut found = opaque(script);
    found.extend(unreadable(script));
    found
}

fn hit(rule: &'static str, range: std::ops::Range<usize>, message: String, help: &str) -> Hit {
    let level = RULES.iter().find(|(name, _)| *name == rule).map_or(LintLevel::Warning, |(_, level)| *level);
    let help = Some(help.to_owned()).filter(|help| !help.is_empty());
    Hit { rule: rule.to_owned(), level, when: When::Always, range, message, help, fix: None }
}

/// What `up` refuses; or that there is nothing to accept, so that a later change would slip through.
fn destructive(script: &Script, is_opaque: bool) -> Vec<Hit> {
    let found = destructive::find(script, 0);
    if script.directives().accepts_destructive {
        let message = "The file accepts to lose data, but no statement in it may".to_owned();
        let needless = || hit(NEEDLESS, 0..0, message, "Leave destructive=accepted out.");
        return (found.is_empty() && !is_opaque).then(needless).into_iter().collect();
    }
    let of = |it: destructive::Destructive| {
        let at = it.at.byte_in(script.sql());
        let help = "If it shall, write -- pgkeel: destructive=accepted at the top of the file; up refuses it otherwise.";
        hit(DESTRUCTIVE, at..at, format!("{}: {}", it.words, it.loss), help)
    };
    found.into_iter().map(of).collect()
}

fn irreversible(migration: &Migration) -> Option<Hit> {
    let is_said = migration.directives().irreversible.is_some();
    let help = if migration.kind() == Kind::Code {
        "Give it one by Code::with_down, or say why by Directives::irreversible.".to_owned()
    } else {
        let down = migration.file().replacen(".sql", ".down.sql", 1);
        format!("Write {down}, or -- pgkeel: irreversible=\"why\" at the top of the file.")
    };
    let message = || "There is no way back, and nothing says why".to_owned();
    let lacks_one = migration.kind().has_version() && migration.down().is_none();
    (lacks_one && !is_said).then(|| hit(IRREVERSIBLE, 0..0, message(), &help))
}

/// What runs code that is not looked into.
fn opaque(script: &Script) -> Vec<Hit> {
    let is_opaque =
        |statement: &&Statement<'_>| statement.begins_with(&["do"]) || statement.begins_with(&["call"]);
    let of = |statement: &Statement<'_>| {
        let words = statement.words.first().map_or_else(String::new, |word| word.to_ascii_uppercase());
        let message = format!("What {words} does when it runs is not looked into");
        hit(OPAQUE, statement.start..statement.end, message, "")
    };
    statements(script.sql()).iter().filter(is_opaque).map(of).collect()
}

fn unreadable(script: &Script) -> Vec<Hit> {
    let help =
        "If the server can read it, -- squawk-ignore syntax above it says so; no rule can be relied on here.";
    let of = |(range, message)| hit(SYNTAX, range, message, help);
    squawk::unreadable(script.sql()).into_iter().map(of).collect()
}
