//! What has been read so far.

use std::collections::BTreeMap;

use super::convert::convert;
use super::listing::Found;
use super::{ConvertedFile, ToolFiles};
use crate::adopt::{ImportProblem, Tool};
use crate::files::snake_case;

/// One migration of a tool.
#[derive(Debug)]
pub(super) struct Foreign {
    /// As the tool has it in its table.
    pub(super) version: String,
    /// Ours, with the digits that it is to be written with.
    pub(super) digits: String,
    pub(super) name: String,
    pub(super) up: Section,
    pub(super) down: Option<Section>,
    /// As the tool has them in its table.
    pub(super) checksums: Vec<String>,
    pub(super) out_of_order: bool,
}

/// What is run in one direction.
#[derive(Debug)]
pub(super) struct Section {
    /// The file that it is from.
    pub(super) file: String,
    pub(super) text: String,
    /// Whether the tool runs it outside of a transaction.
    pub(super) outside: bool,
    /// Of each line of the text, which it is in the file; empty if these are the same.
    pub(super) lines: Vec<usize>,
}

impl Section {
    /// Which line of the file a line of the text is, both counted from 1.
    pub(super) fn line_of_file(&self, line: usize) -> usize {
        self.lines.get(line.saturating_sub(1)).copied().unwrap_or(line)
    }
}

/// Migrations in the order in which the tool runs them.
pub(super) struct Draft {
    pub(super) tool: Tool,
    pub(super) migrations: Vec<Foreign>,
    pub(super) other_files: Vec<ConvertedFile>,
    pub(super) left_aside: Vec<String>,
    pub(super) problems: Vec<ImportProblem>,
}

impl Draft {
    pub(super) fn new(tool: Tool) -> Self {
        let (migrations, other_files) = (Vec::new(), Vec::new());
        Self { tool, migrations, other_files, left_aside: Vec::new(), problems: Vec::new() }
    }

    /// The tool takes no notice of the file.
    pub(super) fn leave(&mut self, found: &Found) {
        self.left_aside.push(found.path.clone());
    }

    pub(super) fn malformed(&mut self, file: &str, reason: impl Into<String>) {
        self.problems.push(ImportProblem::Malformed { file: file.to_owned(), reason: reason.into() });
    }

    /// The file's text, or a noted problem.
    pub(super) fn text<'a>(&mut self, found: &'a Found) -> Option<&'a str> {
        if found.text().is_none() {
            self.malformed(&found.path, "is not a text in UTF-8");
        }
        found.text()
    }

    pub(super) fn complete(mut self) -> ToolFiles {
        if matches!(self.tool, Tool::Diesel | Tool::Dbmate) {
            self.order_as_texts();
        }
        self.check_versions();
        let mut files = self.other_files;
        for migration in &self.migrations {
            convert(self.tool, migration, &mut files, &mut self.problems);
        }
        self.left_aside.sort();
        ToolFiles { tool: self.tool, files, left_aside: self.left_aside, problems: self.problems }
    }

    /// Versions that are ordered as texts and have not the same count of digits, such as stamps of time to the second and to
    /// the fraction of one, get zeros behind them where else their order as numbers would be another. If that makes two of
    /// them one, the second is one more.
    fn order_as_texts(&mut self) {
        let longest =
            self.migrations.iter().map(|migration| migration.digits.len()).max().unwrap_or_default();
        let number = |digits: &str| digits.parse().unwrap_or(u128::MAX);
        let is_in_order = self.migrations.is_sorted_by(|one, next| {
            one.version == next.version || number(&one.digits) < number(&next.digits)
        });
        if is_in_order {
            return;
        }
        let mut before: Option<(String, u128)> = None;
        for migration in &mut self.migrations {
            let long = number(&format!("{:0<longest$}", migration.digits));
            let new = match &before {
                Some((version, number)) if *version == migration.version => *number,
                Some((_, number)) => long.max(number.saturating_add(1)),
                None => long,
            };
            migration.digits = format!("{new:0longest$}");
            before = Some((migration.version.clone(), new));
        }
    }

    /// Ours have to be numbers of 64 bits, each another.
    fn check_versions(&mut self) {
        let mut seen = BTreeMap::<i64, &str>::new();
        for migration in &self.migrations {
            let file = migration.up.file.as_str();
            let Ok(version) = migration.digits.parse::<i64>() else {
                self.problems.push(ImportProblem::TooLong { file: file.to_owned() });
                continue;
            };
            if let Some(other) = seen.insert(version, file) {
                let (file, other) = (file.to_owned(), other.to_owned());
                self.problems.push(ImportProblem::SameVersion { file, other });
            }
        }
    }
}

/// A name that a file can have here: as it is, if it is letters, digits and underscores.
pub(super) fn name(theirs: &str) -> String {
    let is_fit =
        !theirs.is_empty() && theirs.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_fit { theirs.to_owned() } else { snake_case(theirs).unwrap_or_else(|| "migration".to_owned()) }
}

/// The digits at the beginning, and what follows.
pub(super) fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// As a number is written in a table.
pub(super) fn plain(digits: &str) -> String {
    match digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        plain => plain.to_owned(),
    }
}
