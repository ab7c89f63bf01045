use std::fmt;
use std::str::FromStr;

use super::Object;
use super::object::KINDS;

/// Names objects that are none of the migrations' business, such as partitions that a job makes: a kind and a name in
/// which `*` stands for any letters and `?` for one, as in `table public.events_2*`. With `*` as the kind it is any.
/// What is a part of such an object goes with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    /// `None` for any.
    kind: Option<String>,
    name: String,
}

impl Pattern {
    /// Whether the object, or what it is a part of, is one of these.
    #[must_use]
    pub fn matches(&self, object: &Object) -> bool {
        let is_kind = self.kind.as_ref().is_none_or(|kind| kind == object.kind());
        let is_whole = self.kind.as_ref().is_none_or(|kind| HAVE_PARTS.contains(&kind.as_str()));
        is_kind && glob(&self.name, object.name())
            || is_whole && object.of().is_some_and(|of| glob(&self.name, of))
    }
}

/// Kinds of which others are parts.
const HAVE_PARTS: [&str; 8] = [
    "composite type",
    "domain",
    "foreign table",
    "materialized view",
    "publication",
    "server",
    "table",
    "view",
];

/// A text that is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} names no objects: write a kind and a name, as in \"table public.events_*\" or \"* audit.*\""
)]
#[non_exhaustive]
pub struct BadPattern {
    /// The text.
    pub text: String,
}

impl FromStr for Pattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Self, BadPattern> {
        let named = |kind: &str| {
            let name = text.strip_prefix(kind)?.strip_prefix(' ')?.trim();
            (!name.is_empty() && !name.contains('\n')).then(|| name.to_owned())
        };
        if let Some(name) = named("*") {
            return Ok(Self { kind: None, name });
        }
        // The longest kind first: a "publication table" is not a publication that is called "table".
        let found = KINDS.iter().filter_map(|kind| Some((kind, named(kind)?)));
        match found.max_by_key(|(kind, _)| kind.len()) {
            Some((kind, name)) => Ok(Self { kind: Some((*kind).to_owned()), name }),
            None => Err(BadPattern { text: text.to_owned() }),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_deref().unwrap_or("*"), self.name)
    }
}

/// Whether the text is one of those that the pattern stands for. Goes back to the last `*` alone, so it takes no more
/// than the product of both lengths.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => (star, p) = (Some((p, t)), p + 1),
            Some(letter) if *letter == '?' || *letter == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, from)) => (star, p, t) = (Some((at, from + 1)), at + 1, from + 1),
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(kind: &str, name: &str, of: &str) -> Object {
        Object::new(kind.into(), name.into(), of.into())
    }

    #[test]
    fn stars_and_question_marks_stand_for_letters() {
        for (pattern, text, is_match) in [
            ("", "", true),
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c*", "abcbd", true),
            ("a*c", "abcb", false),
            ("?", "é", true),
            ("?", "", false),
            ("*a*b*c*d*e*f", &"abcdeg".repeat(50), false),
        ] {
            assert_eq!(glob(pattern, text), is_match, "{pattern} {text}");
        }
    }

    #[test]
    fn parts_go_with_what_they_are_parts_of() {
        let events: Pattern = "table public.events_2*".parse().unwrap();
        assert!(events.matches(&object("table", "public.events_2024", "")));
        assert!(events.matches(&object("column", "id", "public.events_2024")));
        assert!(!events.matches(&object("view", "public.events_2024", "")));
        let audit: Pattern = "* audit.*".parse().unwrap();
        assert!(audit.matches(&object("index", "audit.i", "audit.t")));
        let index: Pattern = "index public.t".parse().unwrap();
        assert!(!index.matches(&object("index", "public.i", "public.t")));
    }

    #[test]
    fn kinds_of_several_words_are_known_and_others_are_not() {
        for good in ["publication table public.t", "publication table", "* *", "text search dictionary a.b"] {
            assert_eq!(good.parse::<Pattern>().unwrap().to_string(), good);
        }
        for bad in ["", "table", "tables x", "*", "table  ", "public.t"] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad}");
        }
    }
}
