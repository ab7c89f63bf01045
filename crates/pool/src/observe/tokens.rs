//! The words, signs and literals that a statement is made of, as PostgreSQL's scanner tells them apart ("SQL Syntax:
//! Lexical Structure"; `src/backend/parser/scan.l`).

use crate::traces::behind_block;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// White space and comments.
    Space,
    /// A literal in whatever form.
    Value,
    /// `$1`.
    Param(&'a str),
    /// A key word, or a name, in quotes or without.
    Word(&'a str),
    /// Anything else, byte by byte.
    Sign(char),
}

/// The rest of a statement, token by token. Everything that it looks for is ASCII, so it never ends inside a character.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'a> {
    rest: &'a str,
    last: Last,
}

/// What the last token was, as far as the next one depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Other,
    /// `E'…'`, which a string on the next line goes on with.
    EscapeString,
    /// The word `ESCAPE`.
    Escape,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(sql: &'a str) -> Self {
        Self { rest: sql, last: Last::Other }
    }

    fn token(&mut self, last: Last) -> Option<Token<'a>> {
        let bytes = self.rest.as_bytes();
        Some(match *bytes.first()? {
            b'\'' => self.string(last),
            b'"' => self.quoted_name(),
            b'$' => self.dollar(),
            b'-' if bytes.get(1) == Some(&b'-') => self.line_comment(),
            b'/' if bytes.get(1) == Some(&b'*') => {
                self.rest = behind_block(&self.rest[2..]);
                Token::Space
            }
            byte if is_space(byte) => self.pass_as(Token::Space, is_space),
            byte if byte.is_ascii_digit() => self.pass_as(Token::Value, is_in_number),
            byte if is_in_name(byte) => self.word(),
            byte => self.sign(byte),
        })
    }

    /// One byte, and those behind it that belong to it.
    fn pass_as(&mut self, token: Token<'a>, belongs: fn(u8) -> bool) -> Token<'a> {
        let more = self.rest.bytes().skip(1).take_while(|byte| belongs(*byte)).count();
        self.pass(1 + more);
        token
    }

    fn sign(&mut self, byte: u8) -> Token<'a> {
        self.pass(1);
        Token::Sign(char::from(byte))
    }

    fn pass(&mut self, length: usize) -> &'a str {
        let (passed, rest) = self.rest.split_at(length);
        self.rest = rest;
        passed
    }

    fn line_comment(&mut self) -> Token<'a> {
        self.pass(self.rest.find(['\n', '\r']).unwrap_or(self.rest.len()));
        Token::Space
    }

    /// A name, or what begins a string: `E'`, or a letter that stands for nothing here.
    fn word(&mut self) -> Token<'a> {
        let word = self.rest.bytes().take_while(|byte| is_in_name(*byte) || *byte == b'$').count();
        let word = self.pass(word);
        let begins_string = self.rest.starts_with('\'');
        match word {
            "e" | "E" if begins_string => self.string(Last::EscapeString),
            "b" | "B" | "x" | "X" | "n" | "N" if begins_string => self.string(Last::Other),
            _ => {
                if word.eq_ignore_ascii_case("escape") {
                    self.last = Last::Escape;
                }
                Token::Word(word)
            }
        }
    }

    /// What is never closed is no name, and may be anything.
    fn quoted_name(&mut self) -> Token<'a> {
        match self.rest[1..].find('"') {
            Some(at) => Token::Word(self.pass(at + 2)),
            None => self.nothing_more(),
        }
    }

    /// `''` is a quote inside of a string, and `\'` is one in an escape string. In others that is for the session's
    /// `standard_conforming_strings` to say, which is not known here: then all the rest counts as a value.
    fn string(&mut self, last: Last) -> Token<'a> {
        let bytes = self.rest.as_bytes();
        if last == Last::Escape && bytes.starts_with(br"'\'") && bytes.get(3) != Some(&b'\'') {
            self.pass(3);
            return Token::Value;
        }
        let mut at = 1;
        loop {
            at += match &bytes[at..] {
                [] => return self.nothing_more(),
                [b'\\', b'\'', ..] if last != Last::EscapeString => return self.nothing_more(),
                [b'\\' | b'\'', b'\'', ..] | [b'\\', b'\\', ..] => 2,
                [b'\'', ..] => break,
                _ => 1,
            };
        }
        self.pass(at + 1);
        if last == Last::EscapeString {
            self.last = last;
        }
        Token::Value
    }

    fn nothing_more(&mut self) -> Token<'a> {
        self.rest = "";
        Token::Value
    }

    /// A parameter, or a string between two equal tags.
    fn dollar(&mut self) -> Token<'a> {
        let behind = &self.rest.as_bytes()[1..];
        let digits = behind.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits > 0 {
            return Token::Param(self.pass(1 + digits));
        }
        let name = behind.iter().take_while(|byte| is_in_name(**byte)).count();
        if behind.get(name) != Some(&b'$') {
            return self.sign(b'$');
        }
        let tag = self.pass(name + 2);
        self.rest = self.rest.split_once(tag).map_or("", |(_, rest)| rest);
        Token::Value
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let last = std::mem::replace(&mut self.last, Last::Other);
        let token = self.token(last)?;
        if token == Token::Space {
            self.last = last;
        }
        Some(token)
    }
}

/// Letters, digits, and whatever is not ASCII.
fn is_in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

fn is_in_number(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_')
}

fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b'\x0b'
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Literals as `?`, everything else as it is.
    fn shown(sql: &str) -> String {
        let text = |token| match token {
            Token::Space => " ".to_owned(),
            Token::Value => "?".to_owned(),
            Token::Param(text) | Token::Word(text) => text.to_owned(),
            Token::Sign(sign) => sign.to_string(),
        };
        Tokens::of(sql).map(text).collect()
    }

    #[test]
    fn a_literal_is_found_in_every_form() {
        for (sql, wanted) in [
            ("'a''b'c", "?c"),
            (r"E'a\'b\\'c", "?c"),
            (r"'a\\'c", "?c"),
            ("E'a' -- why\n 'b\\'c' d", "?   ? d"),
            ("N'a'B'1'x'1F'c", "???c"),
            (r"U&'\0061' uescape '!'", "U&? uescape ?"),
            ("1 0x1F 1_000 1.5e3 .5 t1", "? ? ? ? .? t1"),
            ("$$a$b$ $$c", "?c"),
            ("$x$a$$ $y$x$c", "?c"),
            ("$\u{1f600}$a$\u{1f600}$c", "?c"),
            ("$1$x$a$x$", "$1?"),
            (r"$1E'\' a'", "$1?"),
        ] {
            assert_eq!(shown(sql), wanted, "{sql}");
        }
    }

    #[test]
    fn what_only_looks_like_a_literal_is_none() {
        for (sql, wanted) in [
            ("a$$, $$b$$", "a$$, ?"),
            ("\u{1f600}$$, $$b$$", "\u{1f600}$$, ?"),
            ("a\u{a0}$$, $$b$$", "a\u{a0}$$, ?"),
            ("$1a$$, $$b$$", "$1a$$, ?"),
            ("$a, $", "$a, $"),
            ("\"a ' \"\" $$ 1\", a->b", "\"a ' \"\" $$ 1\", a->b"),
        ] {
            assert_eq!(shown(sql), wanted, "{sql}");
        }
    }

    #[test]
    fn comments_end_where_the_server_sees_their_end() {
        for (sql, wanted) in [
            ("a -- it's\nb", "a   b"),
            ("a -- it's\r'b\nc'", "a   ?"),
            ("a/* /* ' */ ' */b", "a b"),
            ("a /*/ */b", "a  b"),
            ("a /* never closed", "a  "),
        ] {
            assert_eq!(shown(sql), wanted, "{sql}");
        }
    }

    #[test]
    fn nothing_is_shown_behind_a_string_whose_end_depends_on_a_setting() {
        for sql in
            [r"'a\' secret', 'b'", r"'a\'', 'secret'", r"'a\\\' secret'", "\"secret", "'secret", "$a$secret"]
        {
            assert_eq!(shown(sql), "?", "{sql}");
        }
        assert_eq!(shown(r"like $1 escape '\' and b"), "like $1 escape ? and b");
        assert_eq!(shown(r"like $1 escape '\'', 'secret'"), "like $1 escape ?");
    }
}
