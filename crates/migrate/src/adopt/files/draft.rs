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
        self.check_versions();
        let mut files = self.other_files;
        for migration in &self.migrations {
            convert(self.tool, migration, &mut files, &mut self.problems);
        }
        self.left_aside.sort();
        ToolFiles { tool: self.tool, files, left_aside: self.left_aside, problems: self.problems }
    }

    /// Ours have to be numbers that put the files into the order that they have.
    fn check_versions(&mut self) {
        let mut seen = BTreeMap::<i64, &str>::new();
        let mut newest: Option<(i64, &str)> = None;
        for migration in &self.migrations {
            let file = migration.up.file.as_str();
            let Ok(version) = migration.digits.parse::<i64>() else {
                self.problems.push(ImportProblem::TooLong { file: file.to_owned() });
                continue;
            };
            if let Some(other) = seen.insert(version, file) {
                let (file, other) = (file.to_owned(), other.to_owned());
                self.problems.push(ImportProblem::SameVersion { file, other });
            } else if let Some((_, other)) = newest.filter(|(newest, _)| *newest > version) {
                let (file, other) = (file.to_owned(), other.to_owned());
                self.problems.push(ImportProblem::Order { file, other });
            }
            newest = newest.max(Some((version, file)));
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
