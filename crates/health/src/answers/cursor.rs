//! Where the next page begins, as a word that says nothing to anybody but the next request.

use std::fmt::Write as _;

use pgkeel_catalog::Place;

/// Which of the two lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    Tables,
    Indexes,
}

impl List {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "tables" => Some(Self::Tables),
            "indexes" => Some(Self::Indexes),
            _ => None,
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Tables => 't',
            Self::Indexes => 'i',
        }
    }
}

/// No name holds a zero byte.
pub(crate) fn written(list: List, place: &Place) -> String {
    let text = format!("{}{}\0{}", list.letter(), place.schema(), place.name());
    text.bytes().fold(String::with_capacity(text.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}"); // a String takes everything
        hex
    })
}

pub(crate) fn read(text: &str) -> Option<(List, Place)> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| d.try_into().ok())).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect();
    let text = String::from_utf8(bytes).ok()?;
    let list = match text.chars().next()? {
        't' => List::Tables,
        'i' => List::Indexes,
        _ => return None,
    };
    let (schema, name) = text[1..].split_once('\0')?;
    Some((list, Place::after(schema, name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        for (list, place) in
            [(List::Tables, Place::after("ä \"q", "o'b")), (List::Indexes, Place::after("", "x"))]
        {
            assert_eq!(read(&written(list, &place)), Some((list, place)));
        }
    }

    #[test]
    fn anything_else_is_no_cursor() {
        for wrong in ["", "7", "74", "zz", "ä", "7800", "ff00", "74ff"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
