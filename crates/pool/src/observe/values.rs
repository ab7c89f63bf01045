//! Statements without their values: what may be kept and shown.

use super::lists::{behind_values, may_vary};
use super::tokens::{Token, Tokens};

/// Longer texts are cut off.
const MOST_BYTES: usize = 2_000;

/// The statement with every literal as `?`, without comments, with single spaces, and with `(...)` for lists of values
/// behind IN and VALUES, whose lengths vary, once for any number of rows. Parameters (`$1`) and names stay, but for those
/// that a session is set to: in `SET role = admin` that is a value as well.
pub(super) fn without_values(sql: &str) -> String {
    let (mut shape, mut tokens) = (Shape::default(), Tokens::of(sql));
    while shape.text.len() < MOST_BYTES
        && let Some(token) = tokens.next()
    {
        match token {
            Token::Space => shape.space(),
            Token::Value => shape.keep("?"),
            Token::Sign('(') if may_vary(&shape.text) => match behind_values(tokens.clone()) {
                Some(behind) => {
                    shape.list();
                    tokens = behind;
                }
                None => shape.keep("("),
            },
            Token::Sign(sign) => shape.sign(sign),
            Token::Word(word) => shape.word(word),
            Token::Param(number) => shape.keep(number),
        }
    }
    shape.text.truncate(shape.text.trim_end().len());
    shape.text
}

#[derive(Default)]
struct Shape {
    text: String,
    place: Place,
}

/// Where in a statement the text has come to.
#[derive(Clone, Copy, Default)]
enum Place {
    #[default]
    Beginning,
    /// In `SET …`, before the value.
    Setting,
    /// In its value.
    Set,
    Elsewhere,
}

impl Shape {
    fn keep(&mut self, more: &str) {
        let room = MOST_BYTES.saturating_sub(self.text.len());
        self.text.push_str(&more[..more.floor_char_boundary(room)]);
    }

    fn space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.keep(" ");
        }
    }

    fn sign(&mut self, sign: char) {
        self.place = match (sign, self.place) {
            (';', _) => Place::Beginning,
            ('=', Place::Setting) => Place::Set,
            (_, place) => place,
        };
        self.keep(sign.encode_utf8(&mut [0; 4]));
    }

    fn word(&mut self, word: &str) {
        let is_one_of = |known: &[&str]| known.iter().any(|known| word.eq_ignore_ascii_case(known));
        let (place, shown) = match self.place {
            Place::Beginning if is_one_of(&["set"]) => (Place::Setting, word),
            Place::Setting if is_one_of(&["to", "role", "authorization"]) => (Place::Set, word),
            Place::Setting => (Place::Setting, word),
            Place::Set => (Place::Set, "?"),
            Place::Beginning | Place::Elsewhere => (Place::Elsewhere, word),
        };
        self.place = place;
        self.keep(shown);
    }

    /// One for all rows.
    fn list(&mut self) {
        let row_before = self.text.trim_end().strip_suffix("(...),").map(str::len);
        self.text.truncate(row_before.unwrap_or(self.text.len()));
        self.keep("(...)");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn what_a_session_is_set_to_is_a_value_without_quotes_too() {
        for (sql, shape) in [
            ("set app.tenant = acme", "set app.tenant = ?"),
            ("SET LOCAL search_path TO acme, \"other\"", "SET LOCAL search_path TO ?, ?"),
            ("select a; set role ann; select b", "select a; set role ?; select b"),
            ("update t set a = b", "update t set a = b"),
            ("set transaction read only", "set transaction read only"),
        ] {
            assert_eq!(without_values(sql), shape);
        }
    }

    #[test]
    fn long_texts_are_cut_off_wherever_that_is() {
        assert_eq!(without_values(&"a ".repeat(5_000)).len(), 1_999);
        for long in ["a", "\u{1f600}", "(", "in("] {
            let quoted = format!("\"{}\"", long.repeat(100_000));
            for sql in [long.repeat(100_000), quoted, format!("${}", long.repeat(100_000))] {
                assert!((1_990..=MOST_BYTES).contains(&without_values(&sql).len()));
            }
        }
    }
}
