/// What is shown of a name that a user has made up: so many characters, and three points if there are more.
const SHOWN: usize = 64;

/// A name that a user has made up, short and without anything that could act on a terminal or a page.
pub(super) fn shown(name: &str) -> String {
    let mut shown: String =
        name.chars().take(SHOWN).map(|it| if is_harmless(it) { it } else { '?' }).collect();
    if name.chars().nth(SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}

/// Printing ASCII, but what means something in HTML, and letters of other scripts.
fn is_harmless(letter: char) -> bool {
    if letter.is_ascii() {
        return letter.is_ascii_graphic() && !matches!(letter, '<' | '>' | '&' | '"' | '\'' | '`' | '\\');
    }
    letter.is_alphanumeric()
}

/// The nearest of these names, if one is near.
pub(super) fn nearest(name: &str, of: &[&'static str]) -> Option<&'static str> {
    /// Names of fields are short: two letters that have changed places in four are near.
    const NEAR: f64 = 0.6;
    if name.len() > SHOWN {
        return None;
    }
    let near = |other: &&'static str| (strsim::normalized_damerau_levenshtein(name, other), *other);
    let best = of.iter().map(near).max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(likeness, _)| *likeness >= NEAR).map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_harmless() {
        assert_eq!(shown("größe_1"), "größe_1");
        assert_eq!(
            shown("<script>alert('x')</script>\u{1b}[2J\u{202e}\n"),
            "?script?alert(?x?)?/script??[2J??"
        );
        assert_eq!(shown(&"ä".repeat(1000)), format!("{}...", "ä".repeat(64)));
    }

    #[test]
    fn a_name_that_is_near_is_told() {
        assert_eq!(nearest("nmae", &["id", "name"]), Some("name"));
        assert_eq!(nearest("password_hash", &["id", "name"]), None);
        assert_eq!(nearest(&"name".repeat(1000), &["name"]), None);
    }
}
