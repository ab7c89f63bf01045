//! Where the statements of a file begin, and which words they are made of.
//!
//! Files are sent whole, so the server alone decides what a statement is. This is for what has to be known besides:
//! which line the fourth statement is on, and whether one of them says COMMIT. It follows the lexical rules of
//! PostgreSQL ("SQL Syntax: Lexical Structure", with `standard_conforming_strings` on, as every session here has it)
//! and, for bodies of functions, those of psql (`src/fe_utils/psqlscan.l`).

/// One statement of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement<'a> {
    /// The byte at which its first word begins, comments before it left out.
    pub(crate) start: usize,
    /// Its words outside of parentheses, quotes and comments.
    pub(crate) words: Vec<&'a str>,
}

/// The statements of a text, in order.
pub(crate) fn statements(sql: &str) -> Vec<Statement<'_>> {
    let mut scanner = Scanner { sql, at: 0, found: Vec::new(), open: None, parentheses: 0, blocks: 0 };
    while let Some(byte) = scanner.peek(0) {
        scanner.token(byte);
    }
    scanner.found.extend(scanner.open);
    scanner.found
}

struct Scanner<'a> {
    sql: &'a str,
    at: usize,
    found: Vec<Statement<'a>>,
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
            _ if byte.is_ascii_whitespace() => self.at += 1,
            b'-' if self.peek(1) == Some(b'-') => self.skip_line(),
            b'/' if self.peek(1) == Some(b'*') => self.skip_comment(),
            b';' if self.parentheses == 0 && self.blocks == 0 => {
                self.found.extend(self.open.take());
                self.at += 1;
            }
            _ => self.token_of_statement(byte),
        }
    }

    fn token_of_statement(&mut self, byte: u8) {
        let start = self.at;
        self.open.get_or_insert_with(|| Statement { start, words: Vec::new() });
        match byte {
            b'\'' => self.skip_quoted(b'\''),
            b'"' => self.skip_quoted(b'"'),
            b'$' => self.skip_dollar_quoted(),
            b'(' => self.parenthesis(1),
            b')' => self.parenthesis(-1),
            b'0'..=b'9' => self.at += self.length_of(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
            _ if is_word_start(byte) => self.word(),
            _ => self.at += 1,
        }
    }

    fn length_of(&self, is_part: impl Fn(u8) -> bool) -> usize {
        self.rest().iter().take_while(|byte| is_part(**byte)).count()
    }

    fn skip_line(&mut self) {
        self.at += self.length_of(|byte| byte != b'\n');
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

    /// A doubled quote in it reads as its end and another beginning, which skips the same bytes.
    fn skip_quoted(&mut self, quote: u8) {
        self.at += 1;
        self.at += self.length_of(|byte| byte != quote) + 1;
        self.at = self.at.min(self.sql.len());
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
            let space = self.length_of(|byte| byte.is_ascii_whitespace());
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
        if statement.makes_routine() {
            let is = |other: &str| word.eq_ignore_ascii_case(other);
            let opens =
                is("atomic") && statement.words.last().is_some_and(|w| w.eq_ignore_ascii_case("begin"));
            if opens || self.blocks > 0 && is("case") {
                self.blocks += 1;
            } else if is("end") {
                self.blocks = self.blocks.saturating_sub(1);
            }
        }
        statement.words.push(word);
    }
}

impl Statement<'_> {
    /// Whether its first words are these.
    pub(crate) fn begins_with(&self, words: &[&str]) -> bool {
        self.words.len() >= words.len()
            && self.words.iter().zip(words).all(|(found, word)| found.eq_ignore_ascii_case(word))
    }

    fn makes_routine(&self) -> bool {
        [&["create"][..], &["create", "or", "replace"]].iter().any(|create| {
            let kinds = ["function", "procedure"];
            kinds.iter().any(|kind| self.begins_with(&[create, &[*kind][..]].concat()))
        })
    }
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_word_part(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

fn is_tag(tag: &str) -> bool {
    tag.bytes().next().is_none_or(is_word_start) && tag.bytes().all(|byte| is_word_part(byte) && byte != b'$')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_words(sql: &str) -> Vec<&str> {
        statements(sql).iter().map(|statement| statement.words[0]).collect()
    }

    #[test]
    fn statements_end_at_semicolons_outside_of_everything() {
        let sql = "-- one; two\ninsert into t values (';', \"a;b\"); /* x; /* y; */ z; */ update t set a = $$;$$;\n;;
            delete from t where a = $q$ $$;' $q$ and b = 'it''s;' and c = $1; create rule r as on insert to t do (a; b); end";
        assert_eq!(first_words(sql), ["insert", "update", "delete", "create", "end"]);
        assert_eq!(statements(sql)[0].start, sql.find("insert").unwrap());
        assert!(statements(" -- nothing\n/* at all */ ;\n").is_empty());
    }

    #[test]
    fn backslashes_escape_in_e_strings_alone() {
        assert_eq!(first_words(r"select 'a\'; commit; select 1"), ["select", "commit", "select"]);
        assert_eq!(first_words(r"select E'a\'; commit; \\'; select 1"), ["select", "select"]);
        assert_eq!(first_words("select E'a'\n 'b\\'; commit;'; select 1"), ["select", "select"]);
        assert_eq!(first_words(r"select E'it''s\';'; commit"), ["select", "commit"]);
    }

    #[test]
    fn dollars_in_names_open_no_quote() {
        assert_eq!(first_words("select a$$b; commit; select c$$d"), ["select", "commit", "select"]);
        assert_eq!(first_words("do $é$ begin; commit; end $é$; commit"), ["do", "commit"]);
    }

    #[test]
    fn bodies_of_sql_functions_are_part_of_the_statement() {
        let sql = "create or replace function f(a int) returns int begin atomic
            select case when a > 0 then 1 else 2 end; select 3; end; commit;
            create procedure begin() language sql as 'select 1'; end";
        assert_eq!(first_words(sql), ["create", "commit", "create", "end"]);
    }

    #[test]
    fn what_is_never_closed_is_one_statement() {
        for open in [
            "select 'x; commit",
            "select \"x; commit",
            "select $a$ $$; commit",
            "select E'x\\",
            "select /* x",
        ] {
            assert_eq!(first_words(open), ["select"], "{open}");
        }
        assert_eq!(first_words("select (1; commit"), ["select"]);
    }
}
