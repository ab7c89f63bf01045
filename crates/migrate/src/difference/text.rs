//! Differences for people: an object a paragraph.

use std::fmt;

use super::{Difference, Differences};

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = None;
        for difference in self.iter() {
            let object = difference.object();
            match difference {
                Difference::Missing { .. } => writeln!(f, "{object} is missing")?,
                Difference::Extra { .. } => writeln!(f, "{object} is not expected")?,
                Difference::Changed { attribute, expected, found, .. } => {
                    if last != Some(object) {
                        writeln!(f, "{object} is another")?;
                    }
                    change(f, attribute, expected.as_deref(), found.as_deref())?;
                }
            }
            last = Some(object);
        }
        Ok(())
    }
}

fn change(
    f: &mut fmt::Formatter<'_>,
    attribute: &str,
    expected: Option<&str>,
    found: Option<&str>,
) -> fmt::Result {
    match (expected, found) {
        (Some(expected), Some(found)) if expected.contains('\n') || found.contains('\n') => {
            let (line, less, more) = changed_lines(expected, found);
            writeln!(f, "  {attribute}, from line {line}:")?;
            less.iter().try_for_each(|line| writeln!(f, "    - {line}"))?;
            more.iter().try_for_each(|line| writeln!(f, "    + {line}"))
        }
        _ => writeln!(f, "  {attribute}: expected {}, found {}", shown(expected), shown(found)),
    }
}

/// A value in a line; the default has none.
pub(crate) fn shown(value: Option<&str>) -> String {
    match value {
        None => "none".to_owned(),
        Some("") => "\"\"".to_owned(),
        Some(value) => value.replace('\n', "\\n"),
    }
}

/// The lines that both texts do not have at their beginning and end, and which line is the first of them, from 1.
pub(crate) fn changed_lines<'a>(expected: &'a str, found: &'a str) -> (usize, Vec<&'a str>, Vec<&'a str>) {
    let (mut less, mut more): (Vec<_>, Vec<_>) =
        (expected.split('\n').collect(), found.split('\n').collect());
    let same = less.iter().zip(&more).take_while(|(less, more)| less == more).count();
    let (mut less_rest, mut more_rest) = (less.split_off(same), more.split_off(same));
    let same_at_end =
        less_rest.iter().rev().zip(more_rest.iter().rev()).take_while(|(less, more)| less == more).count();
    less_rest.truncate(less_rest.len() - same_at_end);
    more_rest.truncate(more_rest.len() - same_at_end);
    (same + 1, less_rest, more_rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::difference::tests::sample;

    #[test]
    fn each_object_is_named_once_with_all_that_is_wrong() {
        assert_eq!(
            sample().to_string(),
            "\
column x of s.a is another
  not null: expected none, found true
  type: expected integer, found bigint
column z of s.a is not expected
function s.f() is another
  body, from line 3:
    -   b;
    +   c|d;
table s.b is missing
"
        );
    }

    #[test]
    fn lines_that_are_the_same_are_left_out() {
        assert_eq!(changed_lines("a\nb\nc", "a\nc"), (2, vec!["b"], vec![]));
        assert_eq!(changed_lines("a\na", "a"), (2, vec!["a"], vec![]));
    }
}
