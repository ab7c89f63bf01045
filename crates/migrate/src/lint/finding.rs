use std::fmt;

use crate::Location;

/// What was found in the files.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LintReport {
    /// In the order of files and places.
    pub findings: Vec<LintFinding>,
    /// How many files were looked at.
    pub files: usize,
}

/// One thing to think about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LintFinding {
    /// The file's name.
    pub file: String,
    /// Where it begins.
    pub from: Location,
    /// Behind its last character.
    pub to: Location,
    /// The rule's name, as in `-- squawk-ignore RULE`.
    pub rule: String,
    /// How bad it is.
    pub level: LintLevel,
    /// What is the matter.
    pub message: String,
    /// What to do instead.
    pub help: Option<String>,
    /// A change of the text that does it, if there is one.
    pub fix: Option<LintFix>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "programs map it to levels of their own")]
pub enum LintLevel {
    /// Advice, much of it a matter of taste.
    Info,
    /// It may break something, or bears watching.
    Warning,
    /// It blocks or breaks a database in use, or does not run.
    Error,
}

/// A change of a file's text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LintFix {
    /// What it does.
    pub title: String,
    /// All of them have to be made; none overlaps another.
    pub edits: Vec<LintEdit>,
}

/// What is put in the place of what.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LintEdit {
    /// Where the old text begins.
    pub from: Location,
    /// Behind its last character; where it begins if nothing is taken away.
    pub to: Location,
    /// The new text, perhaps none.
    pub text: String,
}

impl LintReport {
    /// Whether there is a finding of this level or a worse one.
    #[must_use]
    pub fn has(&self, level: LintLevel) -> bool {
        self.findings.iter().any(|finding| finding.level >= level)
    }

    /// How many findings are of this level.
    #[must_use]
    pub fn count(&self, level: LintLevel) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}

impl fmt::Display for LintLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// In one line, without what to do.
impl fmt::Display for LintFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}: {}", self.file, self.from, self.level, self.rule, self.message)
    }
}
