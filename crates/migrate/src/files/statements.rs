//! Where the statements of a text begin and end, and which words they are made of.
//!
//! It follows the lexical rules of PostgreSQL ("SQL Syntax: Lexical Structure", with `standard_conforming_strings` on, as
//! every session here has it) and, for bodies of functions, those of psql (`src/fe_utils/psqlscan.l`). A file that runs in a
//! transaction is sent whole, so that there the server alone decides what a statement is.

/// One statement of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement<'a> {
    /// The byte at which its first word begins, comments before it left out.
    pub(crate) start: usize,
    /// The byte behind its last token, its semicolon left out.
    pub(crate) end: usize,
    /// Its words outside of parentheses, quotes and comments.
    pub(crate) words: Vec<&'a str>,
    /// All that it is made of, without comments and space.
    pub(crate) tokens: Vec<Token<'a>>,
}

/// A word, a quoted text, a number, an operator or another sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    /// The byte at which it begins.
    pub(crate) at: usize,
    pub(crate) text: &'a str,
}

/// What a text is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan<'a> {
    /// The statements, in order.
    pub(crate) statements: Vec<Statement<'a>>,
    /// Comments that run to the end of a line, with the byte at which each begins.
    pub(crate) line_comments: Vec<(usize, &'a str)>,
}

/// The statements of a text, in order.
pub(crate) fn statements(sql: &str) -> Vec<Statement<'_>> {
    scan(sql).statements
}

/// Comments that run to the end of a line, with the byte at which each begins.
pub(crate) fn line_comments(sql: &str) -> Vec<(usize, &str)> {
    scan(sql).line_comments
}

/// The word that a text begins with; empty if it is none.
pub(crate) fn first_word(sql: &str) -> &str {
    let is_word = sql.bytes().next().is_some_and(is_word_start);
    let end = sql.bytes().position(|byte| !is_word_part(byte)).unwrap_or(sql.len());
    if is_word { &sql[..end] } else { "" }
}

/// Takes a text apart.
pub(crate) fn scan(sql: &str) -> Scan<'_> {
    let found = Scan { statements: Vec::new(), line_comments: Vec::new() };
    let mut scanner = Scanner { sql, at: 0, found, open: None, parentheses: 0, blocks: 0 };
    while let Some(byte) = scanner.peek(0) {
        scanner.token(byte);
    }
    scanner.found.statements.extend(scanner.open);
    scanner.found
}

/// Room for most statements from the beginning.
const WORDS: usize = 16;
const TOKENS: usize = 48;

struct Scanner<'a> {
    sql: &'a str,
    at: usize,
    found: Scan<'a>,
    /// The statement that has begun and not ended.
    open: Option<Statement<'a>>,
    parentheses: usize,
    /// How many `BEGIN ATOMIC` and `CASE` are open in the body of a function.
    blocks: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.sql.as_bytes().get(self.at + ahead).copied()
    }

    fn rest(&self) -> &'a [u8] {
        &self.sql.as_bytes()[self.at..]
    }

    fn token(&mut self, byte: u8) {
        match byte {
            _ if is_space(byte) => self.at += 1,
            b'-' if self.peek(1) == Some(b'-') => self.skip_line(),
            b'/' if self.peek(1) == Some(b'*') => self.skip_comment(),
            b';' if self.parentheses == 0 && self.blocks == 0 => {
                self.found.statements.extend(self.open.take().map(Statement::with_no_room));
                self.at += 1;
            }
            _ => self.token_of_statement(byte),
        }
    }

    fn token_of_statement(&mut self, byte: u8) {
        let start = self.at;
        self.open.get_or_insert_with(|| Statement {
            start,
            end: start,
            words: Vec::with_capacity(WORDS),
            tokens: Vec::with_capacity(TOKENS),
        });
        match byte {
            b'\'' | b'"' => self.skip_quoted(byte),
            b'$' => self.skip_dollar_quoted(),
            b'(' => self.parenthesis(1),
            b')' => self.parenthesis(-1),
            b'0'..=b'9' => self.at += self.length_of(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
            b'\\' => self.at += self.length_of(|byte| !is_space(byte) && byte != b';'),
            _ if is_word_start(byte) => self.word(),
            _ if is_operator(byte) => self.at += self.length_of_operator(),
            _ => self.at += 1,
        }
        if let Some(statement) = &mut self.open {
            statement.tokens.push(Token { at: start, text: &self.sql[start..self.at] });
            statement.end = self.at;
        }
    }

    fn length_of(&self, is_part: impl Fn(u8) -> bool) -> usize {
        self.rest().iter().take_while(|byte| is_part(**byte)).count()
    }

    /// How far it is to this byte, which is of ASCII, or to the end.
    fn length_up_to(&self, byte: u8) -> usize {
        let rest = &self.sql[self.at..];
        rest.find(char::from(byte)).unwrap_or(rest.len())
    }

    /// An operator ends where a comment begins.
    fn length_of_operator(&self) -> usize {
        let longest = self.length_of(is_operator);
        let operator = &self.rest()[..longest];
        let comment = operator.windows(2).position(|pair| pair == b"--" || pair == b"/*");
        comment.unwrap_or(longest).max(1)
    }

    fn skip_line(&mut self) {
        let start = self.at;
        self.at += self.length_up_to(b'\n');
        self.found.line_comments.push((start, &self.sql[start..self.at]));
    }

    /// Comments nest.
    fn skip_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.rest() {
                [b'/', b'*', ..] => (depth, self.at) = (depth + 1, self.at + 2),
                [b'*', b'/', ..] => (depth, self.at) = (depth - 1, self.at + 2),
                [_, ..] => self.at += 1,
                [] => return,
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// A doubled quote in it is a part of it.
    fn skip_quoted(&mut self, quote: u8) {
        loop {
            self.at += 1;
            self.at = (self.at + self.length_up_to(quote) + 1).min(self.sql.len());
            if self.peek(0) != Some(quote) {
                return;
            }
        }
    }

    /// `E'…'`, in which a backslash takes the next character along. Further parts may follow on other lines.
    fn skip_escaped(&mut self) {
        loop {
            self.at += 1;
            loop {
                match self.rest() {
                    [b'\\', _, ..] => self.at += 2,
                    [b'\'', ..] | [] => break,
                    [_, ..] => self.at += 1,
                }
            }
            self.at = (self.at + 1).min(self.sql.len());
            let space = self.length_of(is_space);
            let goes_on = space == 0 || self.rest()[..space].contains(&b'\n');
            if !goes_on || self.peek(space) != Some(b'\'') {
                return;
            }
            self.at += space;
        }
    }

    /// `$$…$$` or `$tag$…$tag$`; otherwise only a dollar sign, as in `$1`.
    fn skip_dollar_quoted(&mut self) {
        let rest = &self.sql[self.at..];
        let tag_end = rest[1..].find('$').map(|end| end + 2);
        let tag = tag_end.map(|end| &rest[..end]).filter(|tag| is_tag(&tag[1..tag.len() - 1]));
        self.at += match tag {
            None => 1,
            Some(tag) => match rest[tag.len()..].find(tag) {
                Some(end) => end + 2 * tag.len(),
                None => rest.len(),
            },
        };
    }

    fn parenthesis(&mut self, step: isize) {
        self.parentheses = self.parentheses.saturating_add_signed(step);
        self.at += 1;
    }

    fn word(&mut self) {
        let word = &self.sql[self.at..self.at + self.length_of(is_word_part)];
        self.at += word.len();
        if word.eq_ignore_ascii_case("e") && self.peek(0) == Some(b'\'') {
            self.skip_escaped();
            return;
        }
        if self.parentheses > 0 {
            return;
        }
        let Some(statement) = &mut self.open else { return };
        let is = |other: &str| word.eq_ignore_ascii_case(other);
        let is_behind_begin =
            || statement.words.last().is_some_and(|last| last.eq_ignore_ascii_case("begin"));
        let (opens, ends) = (is("atomic") && is_behind_begin() || self.blocks > 0 && is("case"), is("end"));
        if (opens || ends) && statement.makes_routine() {
            self.blocks = if opens { self.blocks + 1 } else { self.blocks.saturating_sub(1) };
        }
        statement.words.push(word);
    }
}

impl Statement<'_> {
    /// There may be as many as a table has rows.
    fn with_no_room(mut self) -> Self {
        self.words.shrink_to_fit();
        self.tokens.shrink_to_fit();
        self
    }

    /// Whether its first words are these.
    pub(crate) fn begins_with(&self, words: &[&str]) -> bool {
        self.words.len() >= words.len()
            && self.words.iter().zip(words).all(|(found, word)| found.eq_ignore_ascii_case(word))
    }

    /// Whether it has this word outside of parentheses and quotes.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.words.iter().any(|found| found.eq_ignore_ascii_case(word))
    }

    /// Whether it has this word anywhere but in quotes.
    pub(crate) fn mentions(&self, word: &str) -> bool {
        self.tokens.iter().any(|token| token.text.eq_ignore_ascii_case(word))
    }

    fn makes_routine(&self) -> bool {
        let behind = if self.begins_with(&["create", "or", "replace"]) { 3 } else { 1 };
        let kind = self.words.get(behind).filter(|_| self.begins_with(&["create"]));
        kind.is_some_and(|kind| ["function", "procedure"].iter().any(|it| kind.eq_ignore_ascii_case(it)))
    }
}

/// As PostgreSQL 16 has it (`src/backend/parser/scan.l`); to those before it a vertical tab is an error.
fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b'\x0b'
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_word_part(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

fn is_operator(byte: u8) -> bool {
    b"+-*/<>=~!@#%^&|`?".contains(&byte)
}

fn is_tag(tag: &str) -> bool {
    tag.bytes().next().is_none_or(is_word_start) && tag.bytes().all(|byte| is_word_part(byte) && byte != b'$')
}

#[cfg(test)]
#[path = "statements_tests.rs"]
mod tests;
