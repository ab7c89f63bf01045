//! Statements without their values: what may be kept and shown.

use std::iter::Peekable;
use std::str::Chars;

use super::lists::without_lists;

/// Longer texts are cut off.
const MOST_CHARS: usize = 2_000;

/// The statement with every literal as `?`, without comments, with single spaces, and with `(...)` for lists of values
/// behind IN and VALUES, whose lengths vary. Parameters (`$1`) and names stay.
///
/// Literals are those of PostgreSQL's lexical structure: quoted and escape strings, dollar quotes, numbers.
pub(super) fn without_values(sql: &str) -> String {
    let mut scan = Scan { chars: sql.chars().peekable(), text: String::new(), kept: 0 };
    while scan.kept < MOST_CHARS && scan.step() {}
    scan.text.truncate(scan.text.trim_end().len());
    without_lists(&scan.text)
}

struct Scan<'a> {
    chars: Peekable<Chars<'a>>,
    text: String,
    kept: usize,
}

impl Scan<'_> {
    /// Reads one token. Whether there was one.
    fn step(&mut self) -> bool {
        let Some(c) = self.chars.next() else { return false };
        match c {
            '\'' => self.literal(false),
            '"' => self.quoted_name(),
            '-' if self.chars.peek() == Some(&'-') => self.line_comment(),
            '/' if self.chars.peek() == Some(&'*') => self.block_comment(),
            '$' => self.dollar(),
            c if c.is_whitespace() => self.space(),
            c if c.is_ascii_digit() => self.number(),
            c if c.is_alphabetic() || c == '_' => self.word(c),
            c => self.keep(c),
        }
        true
    }

    fn keep(&mut self, c: char) {
        self.text.push(c);
        self.kept += 1;
    }

    fn space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.keep(' ');
        }
    }

    /// Passes a string over; `''` is a quote inside it, and `\` escapes in an escape string.
    fn literal(&mut self, escapes: bool) {
        self.keep('?');
        while let Some(c) = self.chars.next() {
            match c {
                '\\' if escapes => drop(self.chars.next()),
                '\'' if self.chars.peek() == Some(&'\'') => drop(self.chars.next()),
                '\'' => return,
                _ => {}
            }
        }
    }

    fn quoted_name(&mut self) {
        self.keep('"');
        while let Some(c) = self.chars.next() {
            self.keep(c);
            if c == '"' {
                return;
            }
        }
    }

    fn line_comment(&mut self) {
        while self.chars.next().is_some_and(|c| c != '\n') {}
        self.space();
    }

    /// Block comments nest.
    fn block_comment(&mut self) {
        let (mut depth, mut before) = (0, '/');
        for c in self.chars.by_ref() {
            match (before, c) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    before = c;
                    continue;
                }
            }
            if depth == 0 {
                break;
            }
            before = ' ';
        }
        self.space();
    }

    /// A parameter, or a string between two equal tags.
    fn dollar(&mut self) {
        let mut tag = String::from("$");
        while let Some(c) = self.chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
            tag.push(c);
        }
        let opens = tag[1..].chars().next().is_none_or(|first| !first.is_ascii_digit());
        if opens && self.chars.next_if_eq(&'$').is_some() {
            tag.push('$');
            self.pass_over(&tag);
            self.keep('?');
        } else {
            tag.chars().for_each(|c| self.keep(c));
        }
    }

    fn pass_over(&mut self, end: &str) {
        let mut passed = String::new();
        for c in self.chars.by_ref() {
            passed.push(c);
            if c == '$' && passed.ends_with(end) {
                return;
            }
        }
    }

    fn number(&mut self) {
        while self.chars.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_')).is_some() {}
        self.keep('?');
    }

    /// A word, whose digits are no number; or the letter before a string.
    fn word(&mut self, first: char) {
        let mut word = String::from(first);
        while let Some(c) = self.chars.next_if(|c| c.is_alphanumeric() || matches!(c, '_' | '$')) {
            word.push(c);
        }
        if self.chars.peek() == Some(&'\'') && ["e", "b", "x", "n"].contains(&word.to_lowercase().as_str()) {
            self.chars.next();
            return self.literal(word.eq_ignore_ascii_case("e"));
        }
        word.chars().for_each(|c| self.keep(c));
    }
}

#[cfg(test)]
mod tests {
    use super::without_values;

    #[test]
    fn values_are_gone_and_the_shape_stays() {
        for (sql, shape) in [
            (
                "select *  from t1\n where a = 'O''Brien' and b = -1.5e3",
                "select * from t1 where a = ? and b = -?",
            ),
            (r"select E'it\'s', e'\\', n2 from t where id = $1", "select ?, ?, n2 from t where id = $1"),
            ("do $x$ begin 'secret' $y$ end $x$", "do ?"),
            ("select $$secret$$, \"odd 'name' 7\"", "select ?, \"odd 'name' 7\""),
            ("select 1 -- secret\n + 2 /* secret /* nested */ secret */ + 3", "select ? + ? + ?"),
            ("select x'1F', 0xff, 1_000, U&'d\\0061'", "select ?, ?, ?, U&?"),
            ("  select 'never closed secret", "select ?"),
        ] {
            assert_eq!(without_values(sql), shape);
        }
    }

    #[test]
    fn long_texts_are_cut_off() {
        assert_eq!(without_values(&"a ".repeat(5_000)).len(), 1_999);
    }
}
