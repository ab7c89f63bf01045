//! Comments that excuse a statement from a rule of ours, in squawk's form; its own rules it excuses itself.

use std::collections::BTreeSet;

use crate::files::{Script, line_comments};

/// The rules that are excused, and from where.
pub(super) struct Excuses {
    text: String,
    /// `None` for all lines.
    rules: BTreeSet<(Option<usize>, String)>,
}

impl Excuses {
    pub(super) fn of(script: &Script) -> Self {
        let sql = script.sql();
        let mut rules = BTreeSet::new();
        for (at, comment) in line_comments(sql) {
            let words = comment.trim_start_matches('-').trim();
            let (line, names) =
                match (words.strip_prefix("squawk-ignore-file"), words.strip_prefix("squawk-ignore")) {
                    (Some(names), _) => (None, names),
                    (None, Some(names)) => (Some(line_of(sql, at)), names),
                    (None, None) => continue,
                };
            let names = names.split("--").next().unwrap_or_default();
            rules.extend(names.split(',').map(|name| (line, name.trim().to_owned())));
        }
        Self { text: sql.to_owned(), rules }
    }

    /// Whether the rule does not matter at this byte: the comment is on its line or the one above.
    pub(super) fn excuse(&self, rule: &str, at: usize) -> bool {
        let line = line_of(&self.text, at);
        let lines = [None, Some(line), line.checked_sub(1)];
        lines.iter().any(|line| self.rules.contains(&(*line, rule.to_owned())))
            || self.rules.contains(&(None, String::new()))
    }
}

/// From 0.
fn line_of(text: &str, byte: usize) -> usize {
    text[..byte].matches('\n').count()
}
