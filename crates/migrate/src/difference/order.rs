//! Attributes that list the names of parts in their order: a part more or less is told by itself.

/// Whether it is such an attribute.
pub(crate) fn is_one(attribute: &str) -> bool {
    matches!(attribute, "column order" | "attribute order")
}

/// Whether those that both have come in one order.
pub(crate) fn agree(expected: &str, found: &str) -> bool {
    let (expected, found) = (names(expected), names(found));
    let common = |these: &[&str], those: &[&str]| -> Vec<String> {
        these.iter().filter(|name| those.contains(name)).map(|name| (*name).to_owned()).collect()
    };
    common(&expected, &found) == common(&found, &expected)
}

/// The names in `a, "b, c", d`. A doubled quote in one reads as its end and another beginning, which gives the same.
fn names(list: &str) -> Vec<&str> {
    let (mut names, mut start, mut is_quoted) = (Vec::new(), 0, false);
    for (at, letter) in list.char_indices() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => {
                names.push(&list[start..at]);
                start = (at + 2).min(list.len());
            }
            _ => {}
        }
    }
    names.push(&list[start..]);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_that_both_have_are_compared() {
        assert!(agree("a, b, c", "a, x, b"));
        assert!(!agree("a, b", "b, a, c"));
        assert!(agree("", "a"));
        assert_eq!(names("a, \"b, \"\"c\", d"), ["a", "\"b, \"\"c\"", "d"]);
    }
}
