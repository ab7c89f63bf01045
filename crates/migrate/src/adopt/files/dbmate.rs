//! dbmate 2.35 (`pkg/dbmate/migration.go`, `db.go`): one file both ways, whose name begins with digits, `-- migrate:up` above
//! the one part and `-- migrate:down` above the other, each with `transaction:false` behind it or not. Files are
//! ordered by their names; the directory itself alone is looked at.

use super::draft::{Draft, Foreign, Section, digits, name};
use super::listing::{Found, Listing};

pub(super) fn read(listing: &Listing, draft: &mut Draft) {
    for found in &listing.files {
        let (version, rest) = digits(found.name());
        let stem = rest.strip_suffix(".sql").filter(|_| found.is_on_top() && !version.is_empty());
        match stem {
            Some(stem) => add(found, version, stem, draft),
            None => draft.leave(found),
        }
    }
}

fn add(found: &Found, version: &str, stem: &str, draft: &mut Draft) {
    let Some(text) = draft.text(found) else { return };
    match taken_apart(text) {
        Err(reason) => draft.malformed(&found.path, reason),
        Ok((up, down)) => {
            let section =
                |(text, outside): (String, bool)| Section { file: found.path.clone(), text, outside };
            draft.migrations.push(Foreign {
                version: version.to_owned(),
                digits: version.to_owned(),
                name: name(stem.trim_start_matches('_')),
                up: section(up),
                down: Some(section(down)),
                checksums: Vec::new(),
                out_of_order: false,
            });
        }
    }
}

/// The text below a mark, and whether it is outside of a transaction.
type Block = (String, bool);

fn taken_apart(text: &str) -> Result<(Block, Block), &'static str> {
    let (mut up, mut down): (Option<Block>, Option<Block>) = (None, None);
    let mut head = String::new();
    for line in text.split_inclusive('\n') {
        match (mark(line), &mut up, &mut down) {
            (Some(("up", _)), Some(_), _) => return Err("has several parts -- migrate:up; split it"),
            (Some(("up", outside)), None, None) => up = Some((std::mem::take(&mut head), outside)),
            (Some(("up", _)), None, Some(_)) | (Some(_), None, _) => {
                return Err("has -- migrate:down before -- migrate:up, which dbmate refuses");
            }
            (Some(_), Some(_), Some(_)) => {
                return Err("has several parts -- migrate:down, which dbmate refuses");
            }
            (Some((_, outside)), Some(_), None) => down = Some((String::new(), outside)),
            (None, _, Some((below, _))) | (None, Some((below, _)), None) => below.push_str(line),
            (None, None, None) => {
                let rest = line.trim_start_matches('\u{feff}').trim();
                if !rest.is_empty() && !rest.starts_with("--") {
                    return Err("has statements above -- migrate:up, which dbmate refuses");
                }
                head.push_str(line);
            }
        }
    }
    match (up, down) {
        (Some(up), Some(down)) => Ok((up, down)),
        (None, _) => Err("has no line -- migrate:up"),
        (Some(_), None) => Err("has no line -- migrate:down, which dbmate refuses"),
    }
}

/// `up` or `down`, and whether it is outside of a transaction.
fn mark(line: &str) -> Option<(&str, bool)> {
    let rest = line.strip_prefix("--")?.trim_start().strip_prefix("migrate:")?;
    let (way, options) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
    let outside = options.split_whitespace().any(|option| option == "transaction:false");
    ["up", "down"].contains(&way).then_some((way, outside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_are_found() {
        let text = "-- why\n-- migrate:up transaction:false\ncreate index;\n-- note\n--migrate:down\ndrop;\n";
        assert_eq!(
            taken_apart(text).unwrap(),
            (("-- why\ncreate index;\n-- note\n".to_owned(), true), ("drop;\n".to_owned(), false))
        );
        assert_eq!(taken_apart("-- migrate:up\n-- migrate:down").unwrap().0, (String::new(), false));
    }

    #[test]
    fn what_dbmate_refuses_is_told() {
        for (text, part) in [
            ("select 1;", "statements above"),
            ("-- a", "no line -- migrate:up"),
            ("-- migrate:up\nselect 1;", "no line -- migrate:down"),
            ("-- migrate:down\n-- migrate:up\n", "before -- migrate:up"),
            ("-- migrate:up\n-- migrate:down\n-- migrate:up\n", "several parts -- migrate:up"),
            ("-- migrate:up\n-- migrate:down\n-- migrate:down\n", "several parts -- migrate:down"),
        ] {
            assert!(taken_apart(text).unwrap_err().contains(part), "{text}");
        }
    }
}
