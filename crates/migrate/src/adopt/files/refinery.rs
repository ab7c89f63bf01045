//! refinery 0.10 (`refinery_core/src/util.rs`): `V<version>__<name>.sql`, which are ours as they are, `U…`, which are applied
//! in any order, and the same in Rust. Directories below are looked into; other names are passed over with a warning.

use super::draft::{Draft, Foreign, Section, digits, name, plain};
use super::listing::{Found, Listing};
use crate::adopt::{ImportProblem, checksum};

pub(super) fn read(listing: &Listing, draft: &mut Draft) {
    for found in &listing.files {
        match taken_apart(found.name()) {
            Some((_, _, _, "rs")) => {
                let file = found.path.clone();
                draft.problems.push(ImportProblem::NotSql { file, what: "written in Rust" });
            }
            Some((prefix, version, theirs, _)) => add(found, (prefix, version, theirs), draft),
            None => draft.leave(found),
        }
    }
    draft.migrations.sort_by_key(|migration| migration.digits.parse().unwrap_or(u128::MAX));
}

/// Prefix, version, name and ending.
fn taken_apart(file: &str) -> Option<(char, &str, &str, &str)> {
    let (stem, ending) = file.rsplit_once('.').filter(|(_, ending)| ["sql", "rs"].contains(ending))?;
    let prefix = stem.chars().next().filter(|prefix| ['V', 'U'].contains(prefix))?;
    let (version, rest) = digits(&stem[1..]);
    let theirs = rest.strip_prefix("__")?;
    // Of `V1__a.down.sql` refinery takes no notice, but a directory of both would have it.
    let is_word = theirs.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_it = !version.is_empty() && !theirs.is_empty() && is_word;
    is_it.then_some((prefix, version, theirs, ending))
}

fn add(found: &Found, (prefix, version, theirs): (char, &str, &str), draft: &mut Draft) {
    let Some(text) = draft.text(found).map(ToOwned::to_owned) else { return };
    let number = version.parse().unwrap_or(i64::MAX);
    let checksums = checksum::refinery(theirs, number, &text).iter().map(ToString::to_string).collect();
    draft.migrations.push(Foreign {
        version: plain(version),
        digits: version.to_owned(),
        name: name(theirs),
        up: Section { file: found.path.clone(), text, outside: false, lines: Vec::new() },
        down: None,
        checksums,
        out_of_order: prefix == 'U',
    });
}
