//! sqlx and golang-migrate: a file a direction.
//!
//! sqlx 0.9 (`sqlx-core/src/migrate/source.rs`) takes `<version>_<name>.sql`, or `.up.sql` and `.down.sql`, and runs one
//! outside of a transaction that begins with `-- no-transaction`. golang-migrate 4 (`source/parse.go`) takes
//! `<version>_<name>.up.<ending>` and `.down.<ending>`, and begins no transaction; of a file of several statements the
//! server makes one. Both look at the directory itself alone, and take no notice of other names.

use std::collections::BTreeMap;

use super::draft::{Draft, Foreign, Section, name, plain};
use super::listing::{Found, Listing};
use crate::adopt::{ImportProblem, Tool, checksum};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

struct Part<'a> {
    digits: &'a str,
    name: &'a str,
    way: Way,
    found: &'a Found,
}

pub(super) fn read(listing: &Listing, draft: &mut Draft) {
    let mut parts = BTreeMap::<(u128, &str), Vec<Part<'_>>>::new();
    for found in &listing.files {
        match part(draft.tool, found) {
            Some(Ok(part)) => {
                let version = part.digits.parse().unwrap_or(u128::MAX);
                parts.entry((version, part.digits)).or_default().push(part);
            }
            Some(Err(problem)) => draft.problems.push(problem),
            None => draft.leave(found),
        }
    }
    for parts in parts.into_values() {
        add(&parts, draft);
    }
}

/// What the tool makes of the file; `None` if it takes no notice of it.
fn part(tool: Tool, found: &Found) -> Option<Result<Part<'_>, ImportProblem>> {
    let file = found.name();
    let (version, rest) = file.split_once('_').filter(|_| found.is_on_top())?;
    let is_number = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    let part = |stem: &'static str, way| {
        rest.strip_suffix(stem).map(|name| Ok(Part { digits: version, name, way, found }))
    };
    let malformed = |reason: &str| {
        Some(Err(ImportProblem::Malformed { file: found.path.clone(), reason: reason.to_owned() }))
    };
    match (tool, is_number) {
        (Tool::Sqlx, false) if rest.strip_suffix(".sql").is_some() => {
            malformed("does not begin with a number, which sqlx refuses")
        }
        (Tool::Sqlx, true) => part(".up.sql", Way::Up)
            .or_else(|| part(".down.sql", Way::Down))
            .or_else(|| part(".sql", Way::Up)),
        (_, true) => part(".up.sql", Way::Up).or_else(|| part(".down.sql", Way::Down)).or_else(|| {
            let is_taken = rest.contains(".up.") || rest.contains(".down.");
            if is_taken { malformed("does not end in .sql") } else { None }
        }),
        (_, false) => None,
    }
}

fn add(parts: &[Part<'_>], draft: &mut Draft) {
    let of = |way| parts.iter().filter(move |part| part.way == way);
    if let Some((one, other)) =
        twice(&of(Way::Up).collect::<Vec<_>>()).or_else(|| twice(&of(Way::Down).collect::<Vec<_>>()))
    {
        draft.problems.push(ImportProblem::SameVersion { file: other.to_owned(), other: one.to_owned() });
        return;
    }
    let Some(up) = of(Way::Up).next() else {
        // Nothing that the tool applies is undone by these.
        for part in parts {
            draft.leave(part.found);
        }
        return;
    };
    let Some(text) = draft.text(up.found) else { return };
    let checksums = if draft.tool == Tool::Sqlx { vec![checksum::sqlx(text)] } else { Vec::new() };
    let down = of(Way::Down).next().and_then(|part| Some((part, draft.text(part.found)?)));
    let section = |part: &Part<'_>, text: &str| Section {
        file: part.found.path.clone(),
        text: text.to_owned(),
        outside: text.starts_with("-- no-transaction"),
        lines: Vec::new(),
    };
    let foreign = Foreign {
        version: plain(up.digits),
        digits: up.digits.to_owned(),
        name: name(up.name),
        up: section(up, text),
        down: down.map(|(part, text)| section(part, text)),
        checksums,
        out_of_order: false,
    };
    draft.migrations.push(foreign);
}

fn twice<'a>(parts: &[&Part<'a>]) -> Option<(&'a str, &'a str)> {
    if let [one, other, ..] = parts { Some((&one.found.path, &other.found.path)) } else { None }
}
