//! Squawk, asked about one file.

use std::ops::Range;

use squawk_linter::{Fix, Linter, Rule, Violation};
use squawk_syntax::SourceFile;

use super::own;
use super::selection::Selection;
use super::table::{Place, TABLE, help, place};
use super::{Change, Hit, LintLevel, When};
use crate::files::Script;

/// The oldest server that files run on.
const OLDEST: u32 = 14;

/// Rules that say more precisely what another says of the same place.
const PRECISE: [Rule; 3] =
    [Rule::AddingForeignKeyConstraint, Rule::DisallowedUniqueConstraint, Rule::AddingSerialPrimaryKeyField];

pub(super) fn hits(script: &Script, selection: &Selection, server: Option<u32>) -> Vec<Hit> {
    let sql = script.sql();
    let parse = SourceFile::parse(sql);
    let rules = TABLE.into_iter().map(|(rule, _)| rule).filter(|rule| selection.has(&rule.to_string()));
    let mut linter = Linter::from(rules);
    linter.settings.assume_in_transaction = !script.directives().outside_transaction;
    if let Ok(version) = server.unwrap_or(OLDEST).to_string().parse() {
        linter.settings.pg_version = version;
    }
    let found = linter.lint(&parse, sql);
    let is_told = |violation: &&Violation| {
        let is_selected = selection.has(&violation.code.to_string());
        is_selected && !is_said_better(violation, &found) && !is_about_own(violation, sql)
    };
    found.iter().filter(is_told).map(hit).collect()
}

/// What squawk's parser cannot read, so that no rule can be relied on there.
pub(super) fn unreadable(sql: &str) -> Vec<(Range<usize>, String)> {
    let errors = SourceFile::parse(sql).errors();
    errors.iter().map(|error| (error.range().into(), error.message().to_owned())).collect()
}

fn is_said_better(violation: &Violation, found: &[Violation]) -> bool {
    violation.code == Rule::ConstraintMissingNotValid
        && found.iter().any(|other| {
            PRECISE.contains(&other.code) && violation.text_range.contains_range(other.text_range)
        })
}

/// Squawk takes the names of our rules for mistakes. The one that no comment excuses is one.
fn is_about_own(violation: &Violation, sql: &str) -> bool {
    let named = sql.get(Range::<usize>::from(violation.text_range)).unwrap_or_default();
    violation.code == Rule::UnusedIgnore
        && named != own::DESTRUCTIVE
        && own::RULES.iter().any(|(rule, _)| *rule == named)
}

fn hit(violation: &Violation) -> Hit {
    let (level, when) = match place(violation.code) {
        Place::Usual { level, when } => (level, when),
        Place::OnRequest { when } => (LintLevel::Warning, when),
        Place::LeftOut { .. } => (LintLevel::Warning, When::Always),
    };
    Hit {
        rule: violation.code.to_string(),
        level,
        when,
        range: violation.text_range.into(),
        message: violation.message.trim_end_matches('.').to_owned(),
        help: help(violation.code).map(str::to_owned).or_else(|| violation.help.clone()),
        fix: violation.fix.as_ref().map(change),
    }
}

fn change(fix: &Fix) -> Change {
    let edits = fix.edits.iter();
    let edits = edits.map(|edit| (edit.text_range.into(), edit.text.clone().unwrap_or_default()));
    Change { title: fix.title.clone(), edits: edits.collect() }
}
