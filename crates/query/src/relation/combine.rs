use std::sync::Arc;

use crate::statement::Select;

/// What the rows of several statements are of: filters are in these, and what is said behind is order and limit of them all.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Combined;

macro_rules! combined {
    ($($(#[$attribute:meta])* $method:ident $words:literal;)+) => {
        /// Rows of two statements, which are read as the same.
        ///
        /// They are ordered by the names of what is selected: `.order_by(named("total").desc())`.
        impl<'a, S, R> Select<'a, S, R> {
            $(
                $(#[$attribute])*
                pub fn $method<S2>(self, other: Select<'a, S2, R>) -> Select<'a, Combined, R> {
                    self.combined($words, other)
                }
            )+

            fn combined<S2>(self, words: &'static str, other: Select<'a, S2, R>) -> Select<'a, Combined, R> {
                let mut parts = self.parts.of_combined();
                parts.clauses.is_joined = self.parts.clauses.is_joined || other.parts.clauses.is_joined;
                parts.clauses.combined = vec![("", Arc::new(self.parts)), (words, Arc::new(other.parts))];
                Select::new(parts)
            }
        }
    };
}

combined! {
    /// Rows of either, each once.
    union " union ";
    /// Rows of either, as often as both have them.
    union_all " union all ";
    /// Rows that both have, each once.
    intersect " intersect ";
    /// Rows that both have, as often as both have them.
    intersect_all " intersect all ";
    /// Rows that the other one does not have, each once.
    except " except ";
    /// Rows that the other one does not have as often.
    except_all " except all ";
}
