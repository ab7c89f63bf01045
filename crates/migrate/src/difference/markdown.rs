//! Differences for a page, such as the comment on a change that is proposed.

use std::fmt::Write as _;

use super::text::shown;
use super::{Difference, Differences};

impl Differences {
    /// A table with a row a difference, or a sentence if there is none.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        if self.is_empty() {
            return "The schema is as expected.\n".to_owned();
        }
        let mut page = "| object | attribute | expected | found |\n|---|---|---|---|\n".to_owned();
        for difference in self.iter() {
            let object = cell(&difference.object().to_string());
            let _ = match difference {
                Difference::Missing { .. } => writeln!(page, "| {object} | | there | **missing** |"),
                Difference::Extra { .. } => writeln!(page, "| {object} | | not there | **extra** |"),
                Difference::Changed { attribute, expected, found, .. } => {
                    let (expected, found) = (value(expected.as_deref()), value(found.as_deref()));
                    writeln!(page, "| {object} | {} | {expected} | {found} |", cell(attribute))
                }
            };
        }
        page
    }
}

fn value(value: Option<&str>) -> String {
    value.map_or_else(String::new, |text| cell(&shown(Some(text))))
}

/// As code, inside of which only a bar would end a cell, and a backtick the code.
fn cell(text: &str) -> String {
    let text = text.replace('|', "\\|");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::difference::tests::sample;

    #[test]
    fn a_difference_is_a_row() {
        let page = sample().to_markdown();
        let rows: Vec<&str> = page.lines().collect();
        assert_eq!(rows.len(), 2 + 5);
        assert_eq!(rows[2], "| `column x of s.a` | `not null` |  | `true` |");
        assert_eq!(rows[4], "| `column z of s.a` | | not there | **extra** |");
        assert!(rows[5].ends_with(r"`begin\n  a;\n  c\|d;\nend` |"), "{}", rows[5]);
        assert_eq!(Differences::default().to_markdown(), "The schema is as expected.\n");
    }
}
