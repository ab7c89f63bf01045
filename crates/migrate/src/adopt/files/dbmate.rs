//! dbmate 2.35 (`pkg/dbmate/migration.go`, `db.go`): one file both ways, whose name begins with digits, `-- migrate:up` above
//! the one part and `-- migrate:down` above the other, each with `transaction:false` behind it or not. Files are
//! ordered by their names; the directory itself alone is looked at.

use super::draft::{Draft, Foreign, Section, digits, name};
use super::listing::{Found, Listing};
use crate::files::statements;

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
            let section = |block: Block| {
                let Block { text, lines, outside } = block;
                Section { file: found.path.clone(), text, outside, lines }
            };
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

/// The text below a mark.
#[derive(Debug, Default, PartialEq, Eq)]
struct Block {
    text: String,
    /// Which lines of the file these are.
    lines: Vec<usize>,
    outside: bool,
}

impl Block {
    fn push(&mut self, line: &str, number: usize) {
        self.text.push_str(line);
        self.lines.push(number);
    }

    fn is_empty(&self) -> bool {
        statements(&self.text).is_empty()
    }
}

fn taken_apart(text: &str) -> Result<(Block, Block), &'static str> {
    let (mut up, mut down): (Option<Block>, Option<Block>) = (None, None);
    let mut head = Block::default();
    for (line, number) in text.split_inclusive('\n').zip(1..) {
        match (mark(line), &mut up, &mut down) {
            // Of several parts, those without a statement do nothing.
            (Some(("up", outside)), Some(before), Some(undone)) if before.is_empty() && undone.is_empty() => {
                (up, down) = (Some(Block { outside, ..Block::default() }), None);
            }
            (Some(("up", _)), Some(_), _) => return Err("has several parts -- migrate:up; split it"),
            (Some(("up", outside)), None, None) => up = Some(Block { outside, ..std::mem::take(&mut head) }),
            (Some(("up", _)), None, Some(_)) | (Some(_), None, _) => {
                return Err("has -- migrate:down before -- migrate:up, which dbmate refuses");
            }
            (Some(_), Some(_), Some(_)) => {
                return Err("has several parts -- migrate:down, which dbmate refuses");
            }
            (Some((_, outside)), Some(_), None) => down = Some(Block { outside, ..Block::default() }),
            (None, _, Some(below)) | (None, Some(below), None) => below.push(line, number),
            (None, None, None) => {
                let rest = line.trim_start_matches('\u{feff}').trim();
                if !rest.is_empty() && !rest.starts_with("--") {
                    return Err("has statements above -- migrate:up, which dbmate refuses");
                }
                head.push(line, number);
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
        let block = |text: &str, lines: &[usize], outside| Block {
            text: text.to_owned(),
            lines: lines.to_vec(),
            outside,
        };
        assert_eq!(
            taken_apart(text).unwrap(),
            (block("-- why\ncreate index;\n-- note\n", &[1, 3, 4], true), block("drop;\n", &[6], false))
        );
        assert_eq!(taken_apart("-- migrate:up\n-- migrate:down").unwrap().0, Block::default());
        let empty_first = "-- migrate:up\n\n-- migrate:down\n-- none\n-- migrate:up\nselect 1;\n-- migrate:down\nselect 2;\n";
        assert_eq!(
            taken_apart(empty_first).unwrap(),
            (block("select 1;\n", &[6], false), block("select 2;\n", &[8], false))
        );
    }

    #[test]
    fn what_dbmate_refuses_is_told() {
        for (text, part) in [
            ("select 1;", "statements above"),
            ("-- a", "no line -- migrate:up"),
            ("-- migrate:up\nselect 1;", "no line -- migrate:down"),
            ("-- migrate:down\n-- migrate:up\n", "before -- migrate:up"),
            ("-- migrate:up\nselect 1;\n-- migrate:down\n-- migrate:up\n", "several parts -- migrate:up"),
            ("-- migrate:up\n-- migrate:down\n-- migrate:down\n", "several parts -- migrate:down"),
        ] {
            assert!(taken_apart(text).unwrap_err().contains(part), "{text}");
        }
    }
}
