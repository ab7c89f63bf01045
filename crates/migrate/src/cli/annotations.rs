//! Findings as GitHub's runner reads them from what a step prints ("Workflow commands for GitHub Actions").

use std::fmt::Write as _;
use std::path::Path;

use crate::{LintFinding, LintLevel, LintReport};

pub(crate) fn of(report: &LintReport, directory: &Path) -> String {
    let mut page = String::new();
    for it in &report.findings {
        let level = match it.level {
            LintLevel::Error => "error",
            LintLevel::Warning => "warning",
            LintLevel::Info => "notice",
        };
        let path = directory.strip_prefix(".").unwrap_or(directory).join(&it.file);
        let file = property(&path.display().to_string());
        let help = it.help.as_ref().map_or_else(String::new, |help| format!("\n{help}"));
        let message = escaped(&format!("{}{help}", it.message));
        let _ = writeln!(page, "::{level} file={file},{},title={}::{message}", place(it), property(&it.rule));
    }
    page
}

/// Columns belong to a place in one line only.
fn place(it: &LintFinding) -> String {
    let (from, to) = (it.from, it.to);
    let columns = if from.line == to.line {
        format!(",col={},endColumn={}", from.column, to.column)
    } else {
        String::new()
    };
    format!("line={},endLine={}{columns}", from.line, to.line)
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}
