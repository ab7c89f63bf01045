//! The tokens of a statement, taken one after the other.

use super::statements::{Statement, Token};

/// What is left of a statement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tokens<'a> {
    pub(crate) all: &'a [Token<'a>],
    pub(crate) at: usize,
}

impl<'a> Tokens<'a> {
    pub(crate) fn of(statement: &'a Statement<'_>) -> Self {
        Self { all: &statement.tokens, at: 0 }
    }

    /// Goes over this word, if it comes next.
    pub(crate) fn take(&mut self, word: &str) -> bool {
        let is_next = self.is_next(word);
        self.at += usize::from(is_next);
        is_next
    }

    /// Goes over these words, if all of them come next.
    pub(crate) fn take_all(&mut self, words: &[&str]) -> bool {
        let before = self.at;
        let all = words.iter().all(|word| self.take(word));
        self.at = if all { self.at } else { before };
        all
    }

    /// Goes over one of these words, if it comes next.
    pub(crate) fn take_any(&mut self, words: &[&str]) -> bool {
        words.iter().any(|word| self.take(word))
    }

    pub(crate) fn is_next(&self, word: &str) -> bool {
        self.rest().first().is_some_and(|token| token.text.eq_ignore_ascii_case(word))
    }

    /// Goes over whatever comes next.
    pub(crate) fn next(&mut self) -> Option<&'a str> {
        self.at += 1;
        self.all.get(self.at - 1).map(|token| token.text)
    }

    pub(crate) fn rest(&self) -> &'a [Token<'a>] {
        self.all.get(self.at..).unwrap_or_default()
    }

    /// A name as the server keeps it.
    pub(crate) fn name(&mut self) -> Option<String> {
        let token = self.next()?;
        match token.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(quoted) => Some(quoted.replace("\"\"", "\"")),
            None if token.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                Some(token.to_ascii_lowercase())
            }
            None => None,
        }
    }

    /// `name` or `schema.name`, as it is written.
    pub(crate) fn qualified_name(&mut self) -> Option<String> {
        let mut name = self.next()?.to_owned();
        while self.take(".") {
            name = format!("{name}.{}", self.next()?);
        }
        Some(name)
    }

    /// `name` or `schema.name` in one spelling: in quotes only where it has to be. Goes over nothing else.
    pub(crate) fn full_name(&mut self) -> Option<String> {
        let mut name = self.plain_name()?;
        while self.take(".") {
            name = format!("{name}.{}", self.plain_name()?);
        }
        Some(name)
    }

    /// A name in one spelling, as [`full_name`](Self::full_name).
    pub(crate) fn plain_name(&mut self) -> Option<String> {
        let name = Self { ..*self }.name()?;
        self.at += 1;
        let starts_well = name.starts_with(|c: char| c.is_lowercase() || c == '_');
        let is_part = |c: char| c.is_lowercase() || c.is_ascii_digit() || c == '_' || c == '$';
        let is_plain = starts_well && name.chars().all(is_part);
        Some(if is_plain { name } else { format!("\"{}\"", name.replace('"', "\"\"")) })
    }

    /// What is left, taken apart at commas outside of parentheses.
    pub(crate) fn parts(&self) -> Vec<Self> {
        let mut depth = 0_usize;
        let is_comma = |token: &Token<'_>| {
            depth = depth_behind(depth, token);
            depth == 0 && token.text == ","
        };
        self.rest().split(is_comma).map(|all| Self { all, at: 0 }).collect()
    }
}

/// How many parentheses and brackets are open behind a token.
pub(crate) fn depth_behind(depth: usize, token: &Token<'_>) -> usize {
    match token.text {
        "(" | "[" => depth + 1,
        ")" | "]" => depth.saturating_sub(1),
        _ => depth,
    }
}

#[cfg(test)]
mod tests {
    use super::super::statements::statements;
    use super::*;

    fn of<T>(sql: &str, take: impl FnOnce(Tokens<'_>) -> T) -> T {
        take(Tokens::of(&statements(sql)[0]))
    }

    #[test]
    fn names_have_one_spelling() {
        for (written, name) in [
            ("Orders", "orders"),
            ("\"orders\"", "orders"),
            ("\"Orders\"", "\"Orders\""),
            ("S . \"or.ders\"", "s.\"or.ders\""),
            ("\"a\"\"b\".c", "\"a\"\"b\".c"),
        ] {
            assert_eq!(of(written, |mut tokens| tokens.full_name()).as_deref(), Some(name));
        }
        assert_eq!(of("(a)", |mut tokens| (tokens.full_name(), tokens.at)), (None, 0));
    }

    #[test]
    fn words_are_taken_all_or_none() {
        let taken = of("if not exists a", |mut tokens| {
            (
                tokens.take_all(&["if", "exists"]),
                tokens.take_all(&["IF", "NOT", "EXISTS"]),
                tokens.next().map(str::to_owned),
            )
        });
        assert_eq!(taken, (false, true, Some("a".into())));
    }

    #[test]
    fn commas_in_parentheses_do_not_part() {
        let parts = of("a (b, c), d[1, 2], e", |tokens| {
            tokens.parts().iter().map(|part| part.all.len()).collect::<Vec<_>>()
        });
        assert_eq!(parts, [6, 6, 1]);
    }
}
