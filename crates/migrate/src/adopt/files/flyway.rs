//! Flyway 13 (`flyway-core`: `ResourceNameParser`, `MigrationVersion`, `SqlScriptMetadata`), with its own prefixes:
//! `V<version>__<name>.sql`, `U…` for the way back, `R__<name>.sql`, `B…` for a whole schema, and callbacks such as
//! `afterMigrate.sql`. Directories below are looked into.
//!
//! Its versions are numbers with points, or underscores, between them, ours one number: `one_number` says which.

use std::collections::BTreeMap;

use super::ConvertedFile;
use super::draft::{Draft, Foreign, Section, name};
use super::listing::{Found, Listing};
use super::one_number::{as_numbers, numbers};
use crate::adopt::history::canonical;
use crate::adopt::{ImportProblem, checksum};
use crate::files::is_migration_file;

/// One file, its prefix left out.
struct Part<'a> {
    version: String,
    name: &'a str,
    found: &'a Found,
}

#[derive(Default)]
struct Sorted<'a> {
    ups: Vec<Part<'a>>,
    downs: Vec<Part<'a>>,
    settings: BTreeMap<&'a str, &'a Found>,
}

pub(super) fn read(listing: &Listing, draft: &mut Draft) {
    let mut sorted = Sorted::default();
    for found in &listing.files {
        sort(found, &mut sorted, draft);
    }
    sorted.ups.sort_by_cached_key(|part| numbers(&part.version));
    let versions: Vec<&str> = sorted.ups.iter().map(|up| up.version.as_str()).collect();
    for (up, number) in sorted.ups.iter().zip(as_numbers(&versions)) {
        let at = sorted.downs.iter().position(|down| canonical(&down.version) == canonical(&up.version));
        let down = at.map(|at| sorted.downs.swap_remove(at));
        add((up, number), down.as_ref(), &sorted.settings, draft);
    }
    for down in &sorted.downs {
        draft.malformed(&down.found.path, "has no file beside it that it would undo");
    }
    let is_of = |section: &Section, conf: &str| conf.strip_suffix(".conf") == Some(&section.file);
    let taken = |conf: &str| {
        let sections = draft.migrations.iter().flat_map(|it| [Some(&it.up), it.down.as_ref()]).flatten();
        sections.into_iter().any(|section| is_of(section, conf))
    };
    let unused: Vec<&Found> = sorted.settings.values().filter(|found| !taken(&found.path)).copied().collect();
    for found in unused {
        draft.leave(found);
    }
}

fn sort<'a>(found: &'a Found, sorted: &mut Sorted<'a>, draft: &mut Draft) {
    let file = found.name();
    let refuse = |draft: &mut Draft, problem: fn(String) -> ImportProblem| {
        draft.problems.push(problem(found.path.clone()));
    };
    if file.ends_with(".sql.conf") {
        sorted.settings.insert(&found.path, found);
        return;
    }
    let (stem, ending) = file.rsplit_once('.').unwrap_or((file, ""));
    let prefix = stem.get(..1).unwrap_or_default();
    let (version, theirs) =
        stem.get(1..).unwrap_or_default().split_once("__").unwrap_or((stem.get(1..).unwrap_or_default(), ""));
    let is_version = version.starts_with(|c: char| c.is_ascii_digit())
        && version.ends_with(|c: char| c.is_ascii_digit())
        && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'_');
    let is_sql = ending.eq_ignore_ascii_case("sql");
    let part = Part { version: version.to_owned(), name: theirs, found };
    match prefix {
        "V" | "U" | "B" if is_version && ["java", "class", "kt"].contains(&ending) => {
            refuse(draft, |file| ImportProblem::NotSql { file, what: "a program for the Java machine" });
        }
        "V" | "U" if is_version && ["sh", "bash", "bat", "cmd", "ps1", "py"].contains(&ending) => {
            refuse(draft, |file| ImportProblem::NotSql { file, what: "a script of the operating system" });
        }
        "V" if is_sql && is_version => sorted.ups.push(part),
        "U" if is_sql && is_version => sorted.downs.push(part),
        "B" if is_sql && is_version => refuse(draft, |file| ImportProblem::NoSuchKind {
            file,
            what: "the whole schema for a new database; keep the files that it stands for instead",
        }),
        "R" if is_sql && version.is_empty() => repeatable(found, theirs, draft),
        _ if is_sql && is_callback(stem) => refuse(draft, |file| ImportProblem::NoSuchKind {
            file,
            what: "a callback of Flyway; what it does goes into before_run.sql or after_run.sql here, or, if it makes views \
                   or functions, into R__<name>.sql",
        }),
        _ => draft.leave(found),
    }
}

/// The events of `Event.java` begin with these words.
fn is_callback(stem: &str) -> bool {
    ["before", "after", "createSchema"].iter().any(|word| {
        stem.strip_prefix(word)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(|c: char| c.is_uppercase() || c == '_'))
    })
}

fn repeatable(found: &Found, theirs: &str, draft: &mut Draft) {
    let new = format!("R__{}.sql", name(theirs));
    if !is_migration_file(&new) {
        let (file, what) =
            (found.path.clone(), "run anew whenever it changes, which no file here is; give it a version");
        draft.problems.push(ImportProblem::NoSuchKind { file, what });
        return;
    }
    let Some(text) = draft.text(found).map(ToOwned::to_owned) else { return };
    look_for_placeholders(&found.path, &text, draft);
    let notes = vec!["it will be applied once more, as nothing is recorded of repeatable files"];
    draft.other_files.push(ConvertedFile { name: new, text, from: found.path.clone(), notes });
}

fn add(
    (up, number): (&Part<'_>, String),
    down: Option<&Part<'_>>,
    settings: &BTreeMap<&str, &Found>,
    draft: &mut Draft,
) {
    let Some(text) = draft.text(up.found) else { return };
    let checksums = vec![checksum::flyway(text).to_string()];
    let mut section = |part: &Part<'_>| {
        let (file, text) = (part.found.path.clone(), draft.text(part.found)?.to_owned());
        let conf = settings.get(format!("{file}.conf").as_str());
        let said = match said(conf.and_then(|found| found.text()).unwrap_or_default()) {
            Ok(said) => said,
            Err(key) => {
                draft.malformed(
                    &format!("{file}.conf"),
                    format!("sets {key}, for which there is nothing here"),
                );
                return None;
            }
        };
        if said.fills_in {
            look_for_placeholders(&file, &text, draft);
        }
        Some(Section { file, text, outside: said.outside, lines: Vec::new() })
    };
    let (Some(first), down) = (section(up), down.and_then(&mut section)) else { return };
    draft.migrations.push(Foreign {
        version: canonical(&up.version),
        digits: number,
        name: name(up.name),
        up: first,
        down,
        checksums,
        out_of_order: false,
    });
}

struct Said {
    outside: bool,
    fills_in: bool,
}

/// What the settings beside a file say, or the key of one that nothing here is like.
fn said(conf: &str) -> Result<Said, String> {
    let mut said = Said { outside: false, fills_in: true };
    let lines = conf.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        match (key.trim(), value.trim()) {
            ("executeInTransaction", value) => said.outside = value == "false",
            ("placeholderReplacement", value) => said.fills_in = value != "false",
            ("encoding", value) if value.eq_ignore_ascii_case("utf-8") => {}
            (key, _) => return Err(key.to_owned()),
        }
    }
    Ok(said)
}

fn look_for_placeholders(file: &str, text: &str, draft: &mut Draft) {
    let found = text.lines().zip(1..).find_map(|(line, number)| {
        let rest = &line[line.find("${")?..];
        Some((number, rest[..=rest.find('}')?].to_owned()))
    });
    if let Some((line, text)) = found {
        draft.problems.push(ImportProblem::Placeholder {
            file: file.to_owned(),
            line,
            tool: draft.tool,
            text,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_beside_a_file_are_read_or_named() {
        let outside = said("# why\nexecuteInTransaction=false\nencoding = UTF-8\n").unwrap();
        assert!(outside.outside && outside.fills_in);
        assert!(!said("placeholderReplacement=false").unwrap().fills_in);
        assert_eq!(said("shouldExecute=${x}==1").err().as_deref(), Some("shouldExecute"));
    }

    #[test]
    fn callbacks_are_known_by_their_first_word() {
        for callback in ["afterMigrate", "beforeEachMigrate__notes", "after__x"] {
            assert!(is_callback(callback), "{callback}");
        }
        assert!(!is_callback("afternoon") && !is_callback("notes"));
    }
}
