//! goose 3.27 (`internal/sqlparser/parser.go`, `provider_collect.go`): `<version>_<name>.sql`, one file both ways, in which lines
//! `-- +goose …` say what follows. The directory itself alone is looked at; names without a number are passed over.

use super::draft::{Draft, Foreign, Section, digits, name, plain};
use super::listing::{Found, Listing};
use crate::adopt::ImportProblem;
use crate::files::statements;

pub(super) fn read(listing: &Listing, draft: &mut Draft) {
    for found in &listing.files {
        let (version, rest) = digits(found.name());
        let rest = rest.strip_prefix('_').filter(|_| found.is_on_top() && !version.is_empty());
        match rest.and_then(|rest| rest.rsplit_once('.')) {
            Some((_, "go")) if !found.name().ends_with("_test.go") => {
                let file = found.path.clone();
                draft.problems.push(ImportProblem::NotSql { file, what: "written in Go" });
            }
            Some((stem, "sql")) => add(found, version, stem, draft),
            _ => draft.leave(found),
        }
    }
    draft.migrations.sort_by_key(|migration| migration.digits.parse().unwrap_or(u128::MAX));
}

fn add(found: &Found, version: &str, stem: &str, draft: &mut Draft) {
    let Some(text) = draft.text(found) else { return };
    let parts = match taken_apart(text) {
        Ok(parts) => parts,
        Err(reason) => return draft.malformed(&found.path, reason),
    };
    if let Some(line) = parts.substitutes {
        let (file, tool) = (found.path.clone(), draft.tool);
        let text = "variables of the environment (ENVSUB)".to_owned();
        draft.problems.push(ImportProblem::Placeholder { file, line, tool, text });
    }
    let section = |(text, lines): (String, Vec<usize>)| {
        let (file, outside) = (found.path.clone(), parts.outside_transaction);
        Section { file, text, outside, lines }
    };
    draft.migrations.push(Foreign {
        version: plain(version),
        digits: version.to_owned(),
        name: name(stem),
        up: section((parts.up, parts.lines_of_up)),
        down: Some(section((parts.down, parts.lines_of_down))),
        checksums: Vec::new(),
        out_of_order: false,
    });
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Parts {
    up: String,
    down: String,
    /// Which lines of the file they are.
    lines_of_up: Vec<usize>,
    lines_of_down: Vec<usize>,
    outside_transaction: bool,
    /// The line from which on variables of the environment are filled in.
    substitutes: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Head,
    Up,
    Down,
}

fn taken_apart(text: &str) -> Result<Parts, String> {
    let (mut parts, mut place, mut block) = (Parts::default(), Place::Head, None::<String>);
    for (line, number) in text.trim_start_matches('\u{feff}').split_inclusive('\n').zip(1..) {
        let bad = |what: &str| Err(format!("line {number} {what}, which goose refuses"));
        let (part, lines) = match place {
            Place::Down => (&mut parts.down, &mut parts.lines_of_down),
            _ => (&mut parts.up, &mut parts.lines_of_up),
        };
        let Some(mark) = mark(line) else {
            let is_said = !line.trim().is_empty() && !line.trim_start().starts_with("--");
            if place == Place::Head && is_said {
                return bad("has a statement above -- +goose Up");
            }
            block.as_mut().unwrap_or(part).push_str(line);
            lines.push(number);
            continue;
        };
        match (mark.to_ascii_lowercase().as_str(), place) {
            _ if line.starts_with([' ', '\t']) => return bad("has space before -- +goose"),
            ("up", Place::Head) => place = Place::Up,
            ("up", _) => return bad("has another -- +goose Up"),
            ("down", Place::Up) if block.is_none() => place = Place::Down,
            ("down", _) => return bad("has -- +goose Down where it cannot be"),
            ("statementbegin", Place::Up | Place::Down) if block.is_none() => block = Some(String::new()),
            ("statementbegin", _) => return bad("has -- +goose StatementBegin where it cannot be"),
            ("statementend", _) => match block.take() {
                Some(block) => {
                    part.push_str(&terminated(block));
                    lines.resize(part.lines().count(), number);
                }
                None => return bad("has -- +goose StatementEnd without a beginning"),
            },
            ("no transaction", _) => parts.outside_transaction = true,
            ("envsub on", _) => parts.substitutes = parts.substitutes.or(Some(number)),
            ("envsub off", _) => {}
            _ => return bad(&format!("has -- +goose {mark}")),
        }
    }
    match (place, block) {
        (Place::Head, _) => Err("has no line -- +goose Up".to_owned()),
        (_, Some(_)) => Err("has no -- +goose StatementEnd behind the last StatementBegin".to_owned()),
        (_, None) => Ok(parts),
    }
}

/// What a line says to goose, if it says something.
fn mark(line: &str) -> Option<&str> {
    let said = line.trim().strip_prefix("--").filter(|line| line.contains("+goose"))?;
    Some(said.trim().strip_prefix("+goose").unwrap_or(said).trim())
}

/// A block needs no semicolon at its end for goose, but what follows it does here.
fn terminated(block: String) -> String {
    let count = statements(&block).len();
    let is_open = count > 0 && statements(&format!("{block}\nselect")).len() == count;
    if is_open { format!("{}\n;\n", block.trim_end()) } else { block }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_are_found_without_what_is_said_to_goose() {
        let text = "-- why\n-- +goose NO TRANSACTION\n-- +goose Up\nselect 1;\n-- +goose StatementBegin\n\
                    create function f() returns int as $$ select 1; $$ language sql\n-- +goose StatementEnd\nselect 2;\n\
                    --  +goose down\nselect 3;\n";
        let parts = taken_apart(text).unwrap();
        assert_eq!(
            parts.up,
            "-- why\nselect 1;\ncreate function f() returns int as $$ select 1; $$ language sql\n;\nselect 2;\n"
        );
        assert_eq!(
            (parts.down.as_str(), parts.outside_transaction, parts.substitutes),
            ("select 3;\n", true, None)
        );
        assert_eq!((parts.lines_of_up, parts.lines_of_down), (vec![1, 4, 6, 7, 8], vec![10]));
        assert_eq!(taken_apart("-- +goose Up\n-- +goose ENVSUB ON\n").unwrap().substitutes, Some(2));
    }

    #[test]
    fn what_goose_refuses_is_told() {
        for (text, part) in [
            ("select 1;", "line 1 has a statement above"),
            ("-- x", "no line -- +goose Up"),
            ("-- +goose Up\n-- +goose Up", "line 2 has another"),
            ("-- +goose Down\n", "line 1 has -- +goose Down where"),
            (" -- +goose Up\n", "line 1 has space before"),
            ("-- +goose Up\n-- +goose Sideways", "line 2 has -- +goose Sideways"),
            ("-- +goose Up\n-- +goose StatementBegin\n", "no -- +goose StatementEnd"),
            ("-- +goose Up\n-- +goose StatementEnd\n", "line 2 has -- +goose StatementEnd without"),
        ] {
            let error = taken_apart(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
