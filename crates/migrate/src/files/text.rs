//! The text of a file, and places in it.

use std::fmt;

/// A place in a file, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a place in a text has a line and a column")]
pub struct Location {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl Location {
    /// The place of a character, counted from 0; behind the text for one that is not there.
    pub(crate) fn of_char(text: &str, characters: usize) -> Self {
        let byte = text.char_indices().nth(characters).map_or(text.len(), |(byte, _)| byte);
        Self::of_byte(text, byte)
    }

    /// The place of the character that begins at this byte.
    pub(crate) fn of_byte(text: &str, byte: usize) -> Self {
        let before = &text[..byte];
        let line_at = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self { line: before.matches('\n').count() + 1, column: before[line_at..].chars().count() + 1 }
    }

    /// The byte at which its character begins; behind the text for a place that is not there.
    #[cfg(feature = "lint")]
    pub(crate) fn byte_in(self, text: &str) -> usize {
        let lines = text.match_indices('\n').map(|(newline, _)| newline + 1);
        let line_at = std::iter::once(0).chain(lines).nth(self.line - 1).unwrap_or(text.len());
        let in_line = text[line_at..].char_indices().nth(self.column - 1).map(|(byte, _)| byte);
        in_line.map_or(text.len(), |byte| line_at + byte)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// The text as it is sent and hashed: without byte order mark, with `\n` at the ends of lines and one at its own end,
/// so that an editor or a checkout on another system does not make it another text.
pub(crate) fn normalised(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    format!("{}\n", text.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editors_and_checkouts_do_not_change_the_text() {
        let text = normalised("select 1;\nselect 2;\n");
        assert_eq!(text, "select 1;\nselect 2;\n");
        for same in
            ["\u{feff}select 1;\r\nselect 2;\r\n", "select 1;\nselect 2;", "select 1;\nselect 2;\n\n\n"]
        {
            assert_eq!(normalised(same), text);
        }
        assert_ne!(normalised("select 1;\n\nselect 2;"), text);
    }

    #[test]
    fn places_are_counted_in_characters() {
        let text = "sélect 1;\n'日本' x\n";
        assert_eq!(Location::of_char(text, 0), Location { line: 1, column: 1 });
        assert_eq!(Location::of_char(text, 9), Location { line: 1, column: 10 });
        assert_eq!(Location::of_char(text, 15), Location { line: 2, column: 6 });
        assert_eq!(Location::of_byte(text, text.find('x').unwrap()).to_string(), "2:6");
        assert_eq!(Location::of_char(text, 99), Location { line: 3, column: 1 });
    }
}
