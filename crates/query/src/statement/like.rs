use super::{Filter, Operator, Term};
use crate::bind::Held;
use crate::entity::{Column, TextValue};

/// Patterns of `like` have these as wildcards, and the last in front of one that is none.
const SPECIAL: [char; 3] = ['%', '_', '\\'];

macro_rules! parts {
    ($($(#[$attribute:meta])* $method:ident $operator:ident $before:literal $behind:literal;)+) => {$(
        $(#[$attribute])*
        pub fn $method(self, part: impl AsRef<str>) -> Filter<'static, E>
        where
            T: TextValue,
        {
            self.like(Operator::$operator, literal($before, part.as_ref(), $behind))
        }
    )+};
}

/// Parts of texts. What is looked for stands for itself: `%` and `_` are no wildcards.
///
/// Whether letters differ only by case is up to the locale of the column, as `ilike` has it.
impl<E, T> Column<E, T> {
    parts! {
        /// Whether the part is somewhere in the text.
        contains Like "%" "%";
        /// Whether the text begins with the part.
        starts_with Like "" "%";
        /// Whether the text ends with the part.
        ends_with Like "%" "";
        /// As [`contains`](Self::contains), large and small letters alike.
        contains_ignore_case LikeIgnoringCase "%" "%";
        /// As [`starts_with`](Self::starts_with), large and small letters alike.
        starts_with_ignore_case LikeIgnoringCase "" "%";
        /// As [`ends_with`](Self::ends_with), large and small letters alike.
        ends_with_ignore_case LikeIgnoringCase "%" "";
        /// Whether it is the text, large and small letters alike.
        eq_ignore_case LikeIgnoringCase "" "";
    }

    /// `like $1`: a pattern, in which `%` is any text, `_` any character, and `\` makes what is behind it literal.
    ///
    /// A pattern that ends with a single `\` is refused by the server.
    pub fn like_pattern(self, pattern: impl Into<String>) -> Filter<'static, E>
    where
        T: TextValue,
    {
        self.like(Operator::Like, pattern.into())
    }

    fn like(self, operator: Operator, pattern: String) -> Filter<'static, E> {
        self.compared_with(operator, Term::Value(Held::of(pattern), self.facts))
    }
}

/// The pattern of this text and nothing else.
pub(super) fn literal(before: &str, part: &str, behind: &str) -> String {
    let mut pattern = String::with_capacity(before.len() + part.len() + behind.len() + 4);
    pattern.push_str(before);
    for letter in part.chars() {
        if SPECIAL.contains(&letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push_str(behind);
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_in_a_part_are_letters() {
        assert_eq!(literal("%", r"50%_\'ä", "%"), r"%50\%\_\\'ä%");
        assert_eq!(literal("", "", "%"), "%");
    }
}
