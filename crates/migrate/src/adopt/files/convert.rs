//! A migration of a tool as files of ours.

use super::ConvertedFile;
use super::draft::{Foreign, Section};
use crate::MigrationProblem;
use crate::adopt::origin::Origin;
use crate::adopt::{ImportProblem, Tool};
use crate::files::{Script, Statement, cannot_be_in_transaction, statements, unfit};

const NOTHING: &str = "it has no statement, so it gets one that does nothing";
const OUTSIDE: &str = "it has a statement that cannot be in a transaction, so it says transaction=off";
const BARE: &str = "BEGIN and COMMIT around it are left out, as files run in transactions";

/// Adds the files, and what is wrong with them.
pub(super) fn convert(
    tool: Tool,
    migration: &Foreign,
    files: &mut Vec<ConvertedFile>,
    problems: &mut Vec<ImportProblem>,
) {
    let (up, down) = (&migration.up, migration.down.as_ref());
    let stem = format!("V{}__{}", migration.digits, migration.name);
    let origin = Origin {
        tool,
        version: migration.version.clone(),
        checksums: migration.checksums.clone(),
        file: up.file.clone(),
    };
    // What refinery would read is left as it is, so that its own checksums stay right.
    let is_ours = tool == Tool::Refinery && up.file.rsplit('/').next() == Some(&format!("{stem}.sql"));
    let mut converted = Converted::of(up);
    converted.fill();
    let mut lines = if is_ours { String::new() } else { format!("{origin}\n") };
    if converted.outside && !is_ours {
        lines.push_str("-- pgkeel: transaction=off\n");
    }
    if migration.out_of_order {
        lines.push_str("-- pgkeel: out_of_order=yes\n");
    }
    let (text, notes) = if is_ours {
        (up.text.clone(), Vec::new())
    } else {
        (format!("{lines}{}", converted.text), converted.notes)
    };
    add(format!("{stem}.sql"), text, &up.file, notes, files, problems);
    let Some(down) = down else { return };
    let converted = Converted::of(down);
    // Nothing to undo is no way back here.
    if !statements(&converted.text).is_empty() {
        let directive = if converted.outside { "-- pgkeel: transaction=off\n" } else { "" };
        let text = format!("{directive}{}", converted.text);
        add(format!("{stem}.down.sql"), text, &down.file, converted.notes, files, problems);
    }
}

fn add(
    name: String,
    text: String,
    from: &str,
    notes: Vec<&'static str>,
    files: &mut Vec<ConvertedFile>,
    problems: &mut Vec<ImportProblem>,
) {
    let file = from.to_owned();
    match Script::new(name.clone(), &text) {
        Ok(script) => problems.extend(unfit::find(&script).map(|unfit| ImportProblem::Unfit { file, unfit })),
        Err(MigrationProblem::Directive { reason, .. }) => {
            problems
                .push(ImportProblem::Malformed { file, reason: format!("the comment for pgkeel {reason}") });
        }
        Err(problem) => problems.push(ImportProblem::Malformed { file, reason: problem.to_string() }),
    }
    files.push(ConvertedFile { name, text, from: from.to_owned(), notes });
}

struct Converted {
    text: String,
    outside: bool,
    notes: Vec<&'static str>,
}

impl Converted {
    fn of(section: &Section) -> Self {
        let text = section.text.strip_prefix('\u{feff}').unwrap_or(&section.text).to_owned();
        let mut converted = Self { text, outside: section.outside, notes: Vec::new() };
        if let Some(bare) = without_transaction(&converted.text) {
            (converted.text, converted.outside) = (bare, false);
            converted.notes.push(BARE);
        }
        if !converted.outside && statements(&converted.text).iter().any(cannot_be_in_transaction) {
            converted.outside = true;
            converted.notes.push(OUTSIDE);
        }
        converted
    }

    /// A file without a statement cannot be told from one that is still being written, but the tool has run it.
    fn fill(&mut self) {
        if statements(&self.text).is_empty() {
            let end = if self.text.is_empty() || self.text.ends_with('\n') { "" } else { "\n" };
            self.text = format!("{}{end}select 1;\n", self.text);
            self.notes.push(NOTHING);
        }
    }
}

/// The text without BEGIN as its first and COMMIT as its last statement, if it has these and no other of their kind.
fn without_transaction(text: &str) -> Option<String> {
    let all = statements(text);
    let [first, inner @ .., last] = &all[..] else { return None };
    let begins =
        is(first, &["begin"]) || is(first, &["begin", "transaction"]) || is(first, &["begin", "work"]);
    let begins = begins || is(first, &["start", "transaction"]);
    let ends = ["commit", "end"]
        .iter()
        .any(|word| is(last, &[word]) || is(last, &[word, "transaction"]) || is(last, &[word, "work"]));
    let is_control = |statement: &Statement<'_>| {
        ["begin", "start", "commit", "end", "rollback"].iter().any(|word| statement.begins_with(&[word]))
    };
    if !begins || !ends || inner.iter().any(is_control) {
        return None;
    }
    let end = |statement: &Statement<'_>| {
        let behind = &text[statement.end..];
        let semicolon = behind.find(';').filter(|at| behind[..*at].trim().is_empty());
        semicolon.map_or(statement.end, |at| statement.end + at + 1)
    };
    Some(format!("{}{}{}", &text[..first.start], &text[end(first)..last.start], &text[end(last)..]))
}

/// Whether the statement is these words and nothing else.
fn is(statement: &Statement<'_>, words: &[&str]) -> bool {
    statement.tokens.len() == words.len() && statement.begins_with(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_around_all_of_it_is_left_out() {
        for (text, bare) in [
            ("-- why\nBEGIN;\nselect 1;\nCOMMIT;\n", Some("-- why\n\nselect 1;\n\n")),
            ("start transaction ; select ';'; end work", Some(" select ';'; ")),
            ("begin; select 1; commit; begin; select 2; commit;", None),
            ("begin isolation level serializable; select 1; commit;", None),
            ("begin; select 1;", None),
            ("select 1", None),
        ] {
            assert_eq!(without_transaction(text).as_deref(), bare, "{text}");
        }
    }
}
