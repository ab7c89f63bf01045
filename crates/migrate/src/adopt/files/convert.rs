//! A migration of a tool as files of ours.

use super::ConvertedFile;
use super::draft::{Foreign, Section};
use crate::MigrationProblem;
use crate::adopt::origin::Origin;
use crate::adopt::{ImportProblem, Tool};
use crate::files::{Script, Statement, cannot_be_in_transaction, statements, unfit};

const NOTHING: &str = "it has no statement, so it gets one that does nothing";
const OUTSIDE: &str = "it has a statement that cannot be in a transaction, so it says transaction=off";
const TABLE: &str = "it names the tool's own table, which a new database does not have";
const BARE: &str = "BEGIN and COMMIT are left out, as files run in transactions";

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
    converted.look_for_table(tool);
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
    let above = if is_ours { 0 } else { lines.lines().count() };
    add(format!("{stem}.sql"), (text, above), up, notes, files, problems);
    let Some(down) = down else { return };
    let mut converted = Converted::of(down);
    converted.look_for_table(tool);
    // Nothing to undo is no way back here.
    if !statements(&converted.text).is_empty() {
        let directive = if converted.outside { "-- pgkeel: transaction=off\n" } else { "" };
        let text = format!("{directive}{}", converted.text);
        let above = directive.lines().count();
        add(format!("{stem}.down.sql"), (text, above), down, converted.notes, files, problems);
    }
}

/// With how many lines are above the tool's own.
fn add(
    name: String,
    (text, above): (String, usize),
    from: &Section,
    notes: Vec<&'static str>,
    files: &mut Vec<ConvertedFile>,
    problems: &mut Vec<ImportProblem>,
) {
    let file = from.file.clone();
    match Script::new(name.clone(), &text) {
        Ok(script) => problems.extend(unfit::find(&script).map(|mut unfit| {
            unfit.at.line = from.line_of_file(unfit.at.line.saturating_sub(above));
            ImportProblem::Unfit { file, unfit }
        })),
        Err(MigrationProblem::Directive { reason, .. }) => {
            problems
                .push(ImportProblem::Malformed { file, reason: format!("the comment for pgkeel {reason}") });
        }
        Err(problem) => problems.push(ImportProblem::Malformed { file, reason: problem.to_string() }),
    }
    files.push(ConvertedFile { name, text, from: from.file.clone(), notes });
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
        if let Some(bare) = without_transaction(&converted.text, !section.outside) {
            (converted.text, converted.outside) = (bare, false);
            converted.notes.push(BARE);
        }
        if !converted.outside && statements(&converted.text).iter().any(cannot_be_in_transaction) {
            converted.outside = true;
            converted.notes.push(OUTSIDE);
        }
        converted
    }

    /// The tool makes its table before it runs the first file.
    fn look_for_table(&mut self, tool: Tool) {
        let names = |statement: &Statement<'_>| {
            statement
                .tokens
                .iter()
                .any(|token| token.text.trim_matches('"').eq_ignore_ascii_case(tool.table()))
        };
        if statements(&self.text).iter().any(names) {
            self.notes.push(TABLE);
        }
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

/// The text without COMMIT as its last statement and BEGIN anywhere before it, if it has no other of their kind: all of it is
/// one transaction then, for a tool that begins one as well, as BEGIN in it changes nothing. Where none is begun, BEGIN has to
/// be first.
fn without_transaction(text: &str, is_in_one: bool) -> Option<String> {
    let all = statements(text);
    let is_control = |statement: &&Statement<'_>| {
        ["begin", "start", "commit", "end", "abort", "rollback"]
            .iter()
            .any(|word| statement.begins_with(&[word]))
    };
    let controls: Vec<&Statement<'_>> = all.iter().filter(is_control).collect();
    let (last, before) = controls.split_last()?;
    let begins_first = before.first().is_some_and(|first| first.start == all[0].start);
    let is_one = all.last()?.start == last.start && (is_in_one || begins_first && before.len() == 1);
    if !is_one || !ends(last) || !before.iter().all(|statement| begins(statement)) {
        return None;
    }
    let mut bare = String::new();
    let mut taken = 0;
    for control in controls {
        let behind = &text[control.end..];
        let semicolon = behind.find(';').filter(|at| behind[..*at].trim().is_empty());
        bare.push_str(&text[taken..control.start]);
        taken = semicolon.map_or(control.end, |at| control.end + at + 1);
    }
    Some(bare + &text[taken..])
}

fn begins(statement: &Statement<'_>) -> bool {
    let forms: [&[&str]; 4] =
        [&["begin"], &["begin", "transaction"], &["begin", "work"], &["start", "transaction"]];
    forms.iter().any(|words| is(statement, words))
}

fn ends(statement: &Statement<'_>) -> bool {
    ["commit", "end"].iter().any(|word| {
        is(statement, &[word]) || is(statement, &[word, "transaction"]) || is(statement, &[word, "work"])
    })
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
            assert_eq!(without_transaction(text, true).as_deref(), bare, "{text}");
            assert_eq!(without_transaction(text, false).as_deref(), bare, "{text}");
        }
    }

    #[test]
    fn what_changes_nothing_in_the_transaction_of_a_tool_is_left_out() {
        for (text, bare) in [
            ("select 1;\nCOMMIT;\n", "select 1;\n\n"),
            ("select 1; begin; select 2; END", "select 1;  select 2; "),
            ("begin; begin; select 1; commit", "  select 1; "),
        ] {
            assert_eq!(without_transaction(text, true).as_deref(), Some(bare), "{text}");
            assert_eq!(without_transaction(text, false), None, "{text}");
        }
        for text in ["select 1; commit; select 2", "rollback; commit", "commit; begin", "select 1; begin"] {
            assert_eq!(without_transaction(text, true), None, "{text}");
        }
    }
}
