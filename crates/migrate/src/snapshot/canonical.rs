//! The one text of a snapshot: what is hashed, and what is kept.
//!
//! A line an attribute: kind, name, owner of the part, attribute and value, with tabs between them; a line of three
//! fields for an object without any. Lines are ordered byte by byte. Backslash, tab and ends of lines are escaped.

use super::{Fingerprint, Object, Snapshot};

/// The first line. It changes with the meaning of the others.
const FORMAT: &str = "pgkeel snapshot 1";

impl Snapshot {
    /// The same for equal schemas, and different for different ones.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.rows())
    }

    /// All of it as a text, to be kept and to be read by [`parse`](Self::parse).
    #[must_use]
    pub fn to_text(&self) -> String {
        self.to_text_with_fingerprint().0
    }

    /// Both, for little more than one of them.
    pub(crate) fn to_text_with_fingerprint(&self) -> (String, Fingerprint) {
        let rows = self.rows();
        (format!("{FORMAT}\npostgresql {}\n{rows}", self.major()), Fingerprint::of(&rows))
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    ///
    /// # Errors
    /// [`BadSnapshot`] with the line that is not one of a snapshot.
    pub fn parse(text: &str) -> Result<Self, BadSnapshot> {
        let mut lines = text.lines().zip(1..);
        let mut header = |expected: fn(&str) -> Option<u32>, line| {
            lines.next().and_then(|(text, _)| expected(text)).ok_or(BadSnapshot { line })
        };
        header(|text| (text == FORMAT).then_some(1), 1)?;
        let mut snapshot = Self::new(header(
            |text| text.strip_prefix("postgresql ").and_then(|major| major.parse().ok()),
            2,
        )?);
        for (text, line) in lines {
            let (object, attribute) = row(text).ok_or(BadSnapshot { line })?;
            snapshot.add(object, attribute);
        }
        Ok(snapshot)
    }

    fn rows(&self) -> String {
        let mut rows = String::new();
        for (object, attributes) in self.all() {
            if attributes.is_empty() {
                write_row(&mut rows, &object.fields());
            }
            for (attribute, value) in attributes {
                let [kind, name, of] = object.fields();
                write_row(&mut rows, &[kind, name, of, attribute, value]);
            }
        }
        rows
    }
}

/// A text that is not a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is not one of a snapshot")]
#[non_exhaustive]
pub struct BadSnapshot {
    /// The line, counted from 1.
    pub line: usize,
}

fn write_row(rows: &mut String, fields: &[&str]) {
    for (position, field) in fields.iter().enumerate() {
        if position > 0 {
            rows.push('\t');
        }
        let mut rest = *field;
        while let Some(at) = rest.find(['\\', '\t', '\n', '\r']) {
            rows.push_str(&rest[..at]);
            rows.push_str(match rest.as_bytes()[at] {
                b'\\' => "\\\\",
                b'\t' => "\\t",
                b'\n' => "\\n",
                _ => "\\r",
            });
            rest = &rest[at + 1..];
        }
        rows.push_str(rest);
    }
    rows.push('\n');
}

/// What a line says.
fn row(text: &str) -> Option<(Object, Option<(String, String)>)> {
    let fields: Vec<String> = text.split('\t').map(unescaped).collect::<Option<_>>()?;
    let mut fields = fields.into_iter();
    let object = Object::new(fields.next()?, fields.next()?, fields.next()?);
    match (fields.next(), fields.next(), fields.next()) {
        (None, ..) => Some((object, None)),
        (Some(attribute), Some(value), None) => Some((object, Some((attribute, value)))),
        _ => None,
    }
}

fn unescaped(field: &str) -> Option<String> {
    let (mut text, mut letters) = (String::with_capacity(field.len()), field.chars());
    while let Some(letter) = letters.next() {
        text.push(match letter {
            '\\' => match letters.next()? {
                '\\' => '\\',
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            letter => letter,
        });
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(kind: &str, name: &str, of: &str) -> Object {
        Object::new(kind.into(), name.into(), of.into())
    }

    fn sample() -> Snapshot {
        let mut snapshot = Snapshot::new(15);
        let body = Some(("body".to_owned(), "a\tb\\n\r\nc".to_owned()));
        snapshot.add(object("function", "f()", ""), body);
        snapshot.add(object("user mapping", "PUBLIC", "far"), None);
        snapshot
    }

    #[test]
    fn a_snapshot_reads_back_from_its_text() {
        let text = sample().to_text();
        assert_eq!(text.lines().count(), 4);
        assert_eq!(Snapshot::parse(&text), Ok(sample()));
    }

    #[test]
    fn the_fingerprint_is_that_of_the_lines_alone() {
        let mut newer = Snapshot::new(18);
        for object in sample().objects() {
            let attribute =
                sample().attributes(object).next().map(|(name, value)| (name.into(), value.into()));
            newer.add(object.clone(), attribute);
        }
        assert_eq!(newer.fingerprint(), sample().fingerprint());
        newer.add(object("user mapping", "PUBLIC", "far"), Some(("comment".into(), String::new())));
        assert_ne!(newer.fingerprint(), sample().fingerprint());
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        let good = sample().to_text();
        for (bad, line) in [
            (String::new(), 1),
            ("pgkeel snapshot 2\n".into(), 1),
            ("pgkeel snapshot 1\npostgresql x\n".into(), 2),
            (format!("{good}<<<<<<< ours\n"), 5),
            (format!("{good}a\tb\tc\td\n"), 5),
            (format!("{good}a\tb\t\\x\n"), 5),
        ] {
            assert_eq!(Snapshot::parse(&bad), Err(BadSnapshot { line }), "{bad}");
        }
    }
}
