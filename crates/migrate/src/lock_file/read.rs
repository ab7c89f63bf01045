use std::io::ErrorKind;
use std::path::Path;

use super::{LockEntry, LockFile, LockRepeatables};
use crate::files::numbered;
use crate::{Fingerprint, Scope, VerifyError};

/// What is wrong with one line of a lock file, or with the whole. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockProblem {
    /// A merge left both sides.
    #[error(
        "line {line} is a mark of a merge conflict; take either side and write the file anew from the migrations"
    )]
    MergeConflict {
        /// Which line.
        line: usize,
    },
    /// A newer program wrote it.
    #[error("line {line}: format {format} is not known here; use the program that wrote it")]
    Format {
        /// Which line.
        line: usize,
        /// The format.
        format: String,
    },
    /// The line says nothing that is known.
    #[error(
        "line {line} is not <version> <name> <checksum> <fingerprint>, nor a setting: {why}; write the file anew from the \
         migrations"
    )]
    Line {
        /// Which line.
        line: usize,
        /// What was expected.
        why: String,
    },
    /// The version is not above the one before.
    #[error("line {line}: version {version} is not above the one before it")]
    Order {
        /// Which line.
        line: usize,
        /// The version.
        version: i64,
    },
    /// A setting that every lock file has is not there.
    #[error("there is no line {missing:?}")]
    Missing {
        /// What is not there.
        missing: &'static str,
    },
}

pub(super) const FORMAT: &str = "1";

/// The lock file, or nothing if there is none.
pub(super) fn file(path: &Path) -> Result<Option<LockFile>, VerifyError> {
    match std::fs::read(path) {
        Ok(bytes) => parse(&String::from_utf8_lossy(&bytes))
            .map(Some)
            .map_err(|problems| VerifyError::BadLockFile { path: path.to_owned(), problems }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(VerifyError::LockFile { path: path.to_owned(), source }),
    }
}

/// All that is wrong comes at once.
pub(super) fn parse(text: &str) -> Result<LockFile, Vec<LockProblem>> {
    let mut draft = Draft {
        format: false,
        major: None,
        scope: Scope::bare(),
        entries: Vec::new(),
        checkpoints: Vec::new(),
        repeatables: Vec::new(),
        complete: None,
    };
    let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().zip(1..);
    let mut problems: Vec<LockProblem> =
        lines.filter_map(|(text, line)| draft.add(text.trim(), line).err()).collect();
    // A file from a newer program, or with two sides in it, has no other problem worth telling.
    let decides = |problem: &LockProblem| {
        matches!(problem, LockProblem::MergeConflict { .. } | LockProblem::Format { .. })
    };
    if problems.iter().any(decides) {
        problems.retain(decides);
        return Err(problems);
    }
    problems.extend((!draft.format).then_some(LockProblem::Missing { missing: "format 1" }));
    let is_cut_off = draft.complete.is_none() && !draft.repeatables.is_empty();
    problems.extend(is_cut_off.then_some(LockProblem::Missing { missing: "repeatables <fingerprint>" }));
    match draft.major {
        Some(major) if problems.is_empty() => Ok(draft.into_lock_file(major)),
        Some(_) => Err(problems),
        None => {
            problems.push(LockProblem::Missing { missing: "postgresql <major version>" });
            Err(problems)
        }
    }
}

struct Draft {
    format: bool,
    major: Option<u32>,
    scope: Scope,
    entries: Vec<LockEntry>,
    checkpoints: Vec<LockEntry>,
    repeatables: Vec<(String, Fingerprint)>,
    /// Of the schema after these.
    complete: Option<Fingerprint>,
}

const MARKS: [&str; 4] = ["<<<<<<<", "=======", ">>>>>>>", "|||||||"];

impl Draft {
    fn add(&mut self, text: &str, line: usize) -> Result<(), LockProblem> {
        if MARKS.iter().any(|mark| text.starts_with(mark)) {
            return Err(LockProblem::MergeConflict { line });
        }
        match text.split_once(' ') {
            _ if text.is_empty() || text.starts_with('#') => {}
            Some(("format", FORMAT)) => self.format = true,
            Some(("format", format)) => return Err(LockProblem::Format { line, format: format.to_owned() }),
            Some(("postgresql", major)) => {
                let bad = |_| LockProblem::Line { line, why: format!("{major:?} is no major version") };
                self.major = Some(major.parse().map_err(bad)?);
            }
            Some(("with" | "in" | "ignore", _)) => {
                let bad = |error: crate::BadScope| LockProblem::Line { line, why: error.to_string() };
                self.scope = self.scope.clone().read(text).map_err(bad)?;
            }
            Some(("repeatables", schema)) => {
                let bad = |error| LockProblem::Line { line, why: format!("the fingerprint: {error}") };
                self.complete = Some(schema.trim().parse().map_err(bad)?);
            }
            Some((name, checksum)) if name.starts_with("R__") => {
                let bad = |error| LockProblem::Line { line, why: format!("the checksum: {error}") };
                let checksum = checksum.trim().parse().map_err(bad)?;
                self.repeatables.push((name.trim_start_matches("R__").to_owned(), checksum));
            }
            Some((name, rest)) if name.starts_with('B') => self.checkpoint(name, rest, line)?,
            _ => add_in_order(&mut self.entries, entry(text, line)?, line)?,
        }
        Ok(())
    }

    fn into_lock_file(self, major: u32) -> LockFile {
        let files = self.repeatables;
        let repeatables = self.complete.map(|schema| LockRepeatables { files, schema });
        let lock = LockFile::new(major, self.scope, self.entries).with_checkpoints(self.checkpoints);
        lock.with_repeatables(repeatables)
    }

    fn checkpoint(&mut self, stem: &str, rest: &str, line: usize) -> Result<(), LockProblem> {
        let bad = || LockProblem::Line { line, why: format!("{stem:?} is no checkpoint") };
        let (version, name) = stem.strip_prefix('B').and_then(numbered).ok_or_else(bad)?;
        let checkpoint = entry(&format!("{version} {name} {rest}"), line)?;
        add_in_order(&mut self.checkpoints, checkpoint, line)
    }
}

fn entry(text: &str, line: usize) -> Result<LockEntry, LockProblem> {
    let bad = |why: String| LockProblem::Line { line, why };
    let words: Vec<&str> = text.split_whitespace().collect();
    let [version, name, checksum, schema] = words[..] else {
        return Err(bad(format!("it has {} words instead of 4", words.len())));
    };
    let version = version.parse().map_err(|_| bad(format!("{version:?} is no version")))?;
    let digest = |what: &str, text: &str| text.parse().map_err(|error| bad(format!("the {what}: {error}")));
    let (checksum, schema) = (digest("checksum", checksum)?, digest("fingerprint", schema)?);
    Ok(LockEntry { version, name: name.to_owned(), checksum, schema })
}

fn add_in_order(entries: &mut Vec<LockEntry>, entry: LockEntry, line: usize) -> Result<(), LockProblem> {
    if entries.last().is_some_and(|last| last.version >= entry.version) {
        return Err(LockProblem::Order { line, version: entry.version });
    }
    entries.push(entry);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock_file::write::text;

    fn sample() -> LockFile {
        let entry = |version, name: &str| LockEntry {
            version,
            name: name.to_owned(),
            checksum: Fingerprint::of(name),
            schema: Fingerprint::of("schema"),
        };
        let scope = Scope::default().ignoring("table x.*".parse().unwrap());
        let files = vec![("views".to_owned(), Fingerprint::of("views"))];
        let repeatables = LockRepeatables { files, schema: Fingerprint::of("schema with views") };
        let lock = LockFile::new(15, scope, vec![entry(1, "a"), entry(20, "b_2")]);
        lock.with_checkpoints(vec![entry(20, "up_to_b")]).with_repeatables(Some(repeatables))
    }

    fn problems(text: &str) -> Vec<String> {
        parse(text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_lock_file_reads_back() {
        let written = text(&sample());
        assert_eq!(parse(&written), Ok(sample()));
        assert_eq!(parse(&format!("\u{feff}{}", written.replace('\n', "\r\n"))), Ok(sample()));
        assert_eq!(sample().entry(20).unwrap().name, "b_2");
        assert_eq!(sample().entry(2), None);
        assert!(written.contains("\nB20__up_to_b "), "{written}");
        let wrong = problems(&written.replace("B20__up", "B20_up"));
        assert!(wrong[0].contains("\"B20_up_to_b\" is no checkpoint"), "{wrong:?}");
    }

    #[test]
    fn a_merge_that_was_not_finished_is_told_by_its_lines_alone() {
        let merged =
            text(&sample()).replace("20 b_2", "<<<<<<< HEAD\n20 b_2") + "=======\nx\n>>>>>>> other\n";
        let told = problems(&merged);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].starts_with("line 12 is a mark of a merge conflict"), "{told:?}");
    }

    #[test]
    fn every_bad_line_is_named() {
        let digest = Fingerprint::of("");
        let told = problems(&format!(
            "postgresql x\nwith all\n2 a {digest} {digest}\n1 b {digest} {digest}\n3 c {digest}\nx d {digest} {digest}\n4 e {digest} 0"
        ));
        let expected = [
            "line 1 is not <version> <name> <checksum> <fingerprint>, nor a setting: \"x\" is no major version",
            "line 2 is not <version> <name> <checksum> <fingerprint>, nor a setting: \"with all\" says nothing about",
            "line 4: version 1 is not above the one before it",
            "line 5 is not <version> <name> <checksum> <fingerprint>, nor a setting: it has 3 words instead of 4",
            "line 6 is not <version> <name> <checksum> <fingerprint>, nor a setting: \"x\" is no version",
            "line 7 is not <version> <name> <checksum> <fingerprint>, nor a setting: the fingerprint: a fingerprint has 64",
            "there is no line \"format 1\"",
            "there is no line \"postgresql <major version>\"",
        ];
        assert_eq!(told.len(), expected.len(), "{told:#?}");
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.starts_with(expected), "{told} {expected}");
        }
    }

    #[test]
    fn repeatables_without_what_they_make_are_cut_off() {
        let written = text(&sample());
        let cut = written.lines().filter(|line| !line.starts_with("repeatables"));
        let told = problems(&cut.collect::<Vec<_>>().join("\n"));
        assert_eq!(told, ["there is no line \"repeatables <fingerprint>\""]);
    }

    #[test]
    fn a_newer_format_is_told_alone() {
        assert_eq!(
            problems("format 2\nsomething new\n"),
            ["line 1: format 2 is not known here; use the program that wrote it"]
        );
    }
}
