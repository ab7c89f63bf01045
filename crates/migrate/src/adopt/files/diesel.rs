//! diesel 2.3 (`diesel_migrations/migrations_internals/src/lib.rs`): a directory a migration, `<version>_<name>/` with `up.sql`
//! and mostly `down.sql`, of which the version is what is before the first underscore, hyphens left out. Versions are
//! ordered as texts. `metadata.toml` may say `run_in_transaction = false`; a file that does not say anything means
//! that, too. Empty directories and those that begin with a point are passed over.

use std::collections::BTreeMap;

use super::draft::{Draft, Foreign, Section, digits, name};
use super::listing::{Found, Listing};

pub(super) fn read(listing: &Listing, draft: &mut Draft) {
    let mut directories = BTreeMap::<(String, &str), Vec<&Found>>::new();
    for found in &listing.files {
        match found.path.split_once('/') {
            Some((directory, _)) if !directory.starts_with('.') => {
                let version = directory.split('_').next().unwrap_or_default().replace('-', "");
                directories.entry((version, directory)).or_default().push(found);
            }
            _ => draft.leave(found),
        }
    }
    for ((version, directory), files) in directories {
        add(&version, directory, &files, draft);
    }
}

fn add(version: &str, directory: &str, files: &[&Found], draft: &mut Draft) {
    let file = |name: &str| files.iter().find(|found| found.path == format!("{directory}/{name}")).copied();
    let Some(up) = file("up.sql") else {
        draft.malformed(&format!("{directory}/"), "has no up.sql in it, which diesel refuses");
        return;
    };
    let (digits, _) = digits(version);
    if digits.is_empty() || version.contains(char::is_whitespace) {
        draft.malformed(&format!("{directory}/"), "does not begin with a number, which files have to here");
        return;
    }
    let outside = match file("metadata.toml").map(|found| runs_outside(found.text().unwrap_or_default())) {
        None => false,
        Some(Some(outside)) => outside,
        Some(None) => {
            draft.malformed(
                &format!("{directory}/metadata.toml"),
                "says more than run_in_transaction, which is not understood here",
            );
            return;
        }
    };
    let beside = ["up.sql", "down.sql", "metadata.toml"].map(|name| format!("{directory}/{name}"));
    for found in files.iter().filter(|found| !beside.contains(&found.path)) {
        draft.leave(found);
    }
    let mut section = |found: &Found| {
        let text = draft.text(found)?.to_owned();
        Some(Section { file: found.path.clone(), text, outside, lines: Vec::new() })
    };
    let down = file("down.sql").map(&mut section);
    let (Some(up), Some(down)) = (section(up), down.map_or(Some(None), |down| down.map(Some))) else {
        return;
    };
    let theirs = directory.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
    let theirs = theirs.strip_prefix('_').unwrap_or(theirs);
    let (version, digits) = (version.to_owned(), digits.to_owned());
    let foreign =
        Foreign { version, digits, name: name(theirs), up, down, checksums: Vec::new(), out_of_order: false };
    draft.migrations.push(foreign);
}

/// What the file says; `None` if it says something else.
fn runs_outside(metadata: &str) -> Option<bool> {
    let lines = metadata.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let mut outside = true;
    for line in lines.filter(|line| !line.is_empty()) {
        let (key, value) = line.split_once('=')?;
        outside = match (key.trim(), value.trim()) {
            ("run_in_transaction", "true") => false,
            ("run_in_transaction", "false") => true,
            _ => return None,
        };
    }
    Some(outside)
}

#[cfg(test)]
mod tests {
    use super::runs_outside;

    #[test]
    fn metadata_are_read() {
        assert_eq!(runs_outside("# why\nrun_in_transaction = false # here\n"), Some(true));
        assert_eq!(runs_outside("run_in_transaction=true"), Some(false));
        assert_eq!(runs_outside("# nothing\n"), Some(true));
        assert_eq!(runs_outside("[other]\nrun_in_transaction = true"), None);
        assert_eq!(runs_outside("run_in_transaction = \"no\""), None);
    }
}
