//! What sealed cells are stored as: envelopes in `bytea`, or written as text.

use std::collections::BTreeMap;

use pgkeel_connect::{Ident, Type};
use pgkeel_crypto::{Error, KeyId, Vault, envelope_from_text, envelope_to_text};
use tokio_postgres::Row;

use super::bound::Bound;

/// The bytes of an envelope's header.
const HEADER: usize = 8;

/// So many letters of a text have the header, and two bits of what is behind it.
const HEADER_LETTERS: usize = 16;

/// So many letters have [`Vault::QUICK`] bytes, and one more, as letters come in fours behind `pgk1.`.
const QUICK_LETTERS: usize = 5 + 108;

/// The type of a sealed column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cells {
    Bytes,
    Text,
}

impl Cells {
    /// Of a type's name, as `format_type` writes it.
    pub(super) fn of(type_name: &str) -> Option<Self> {
        match type_name {
            "bytea" => Some(Self::Bytes),
            "text" | "character varying" => Some(Self::Text),
            _ => None,
        }
    }

    /// The part of a cell that begins as its header does.
    pub(super) fn prefix(self, column: &Ident) -> String {
        let len = if self == Self::Bytes { HEADER } else { HEADER_LETTERS };
        format!("substring(t.{column} from 1 for {len})")
    }

    /// What a quick check takes of a cell.
    pub(super) fn quick(self, column: &Ident) -> String {
        let len = if self == Self::Bytes { Vault::QUICK + 1 } else { QUICK_LETTERS };
        format!("substring(t.{column} from 1 for {len})")
    }

    /// Whether a cell of `t` is, byte for byte, what `v.old` has.
    pub(super) fn is_old(self, column: &Ident) -> String {
        match self {
            Self::Bytes => format!("t.{column} is not distinct from v.old"),
            // Other collations may take different texts for equal.
            Self::Text => format!("t.{column} is not distinct from v.old collate \"C\""),
        }
    }

    /// The envelope in a column of a row, if there is one.
    pub(super) fn envelope(
        self,
        row: &Row,
        at: usize,
    ) -> Result<Option<Result<Vec<u8>, Error>>, tokio_postgres::Error> {
        Ok(match self {
            Self::Bytes => row.try_get::<_, Option<Vec<u8>>>(at)?.map(Ok),
            Self::Text => row.try_get::<_, Option<&str>>(at)?.map(|text| Ok(envelope_from_text(text)?)),
        })
    }

    /// Envelopes as one parameter. What was read is written again as it was: a text has one form.
    pub(super) fn bind<'e>(self, envelopes: impl Iterator<Item = Option<&'e [u8]>>) -> Bound {
        match self {
            Self::Bytes => {
                let envelopes = envelopes.map(|envelope| envelope.map(<[u8]>::to_vec));
                (Box::new(envelopes.collect::<Vec<_>>()), Type::BYTEA_ARRAY)
            }
            Self::Text => {
                let texts = envelopes.map(|envelope| envelope.map(envelope_to_text));
                (Box::new(texts.collect::<Vec<_>>()), Type::TEXT_ARRAY)
            }
        }
    }

    /// What cells with this header begin with.
    pub(super) fn prefixes(self, header: [u8; HEADER]) -> Bound {
        match self {
            Self::Bytes => (Box::new(vec![header.to_vec()]), Type::BYTEA_ARRAY),
            Self::Text => (Box::new(text_prefixes(header)), Type::TEXT_ARRAY),
        }
    }

    /// How many cells there are under which key, of groups by prefix.
    pub(super) fn by_key(self, groups: &[Row]) -> Result<(BTreeMap<KeyId, u64>, u64), tokio_postgres::Error> {
        let (mut keys, mut others) = (BTreeMap::new(), 0);
        for group in groups {
            let cells = u64::try_from(group.try_get::<_, i64>(1)?).unwrap_or(0);
            let key = match self {
                Self::Bytes => group.try_get::<_, Option<&[u8]>>(0)?.and_then(key_of),
                Self::Text => group.try_get::<_, Option<&str>>(0)?.and_then(key_of_text),
            };
            match key {
                Some(key) => *keys.entry(key).or_default() += cells,
                None => others += cells,
            }
        }
        Ok((keys, others))
    }

    /// The prefix of a cell, or NULL if it is none of an envelope's: so that there are few groups of other things.
    pub(super) fn group(self, column: &Ident) -> String {
        let is_envelope = match self {
            Self::Bytes => format!("substring(t.{column} from 1 for 1) = '\\xc1'::bytea"),
            Self::Text => format!("substring(t.{column} from 1 for 6) = 'pgk1.w'"),
        };
        format!("case when {is_envelope} then {} end", self.prefix(column))
    }
}

/// The key that a header names.
pub(super) fn key_of(envelope: &[u8]) -> Option<KeyId> {
    let key = envelope.get(4..HEADER)?.try_into().ok()?;
    KeyId::new(u32::from_be_bytes(key))
}

/// The last of the letters is filled up with zeros to whole bytes.
fn key_of_text(prefix: &str) -> Option<KeyId> {
    (prefix.len() == HEADER_LETTERS).then_some(())?;
    envelope_from_text(&format!("{prefix}A")).ok().as_deref().and_then(key_of)
}

fn text_prefixes(header: [u8; HEADER]) -> Vec<String> {
    let first = |behind: u8| {
        let mut text = envelope_to_text(&[header.as_slice(), &[behind << 6]].concat());
        text.truncate(HEADER_LETTERS);
        text
    };
    (0..4).map(first).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_found_in_text_whatever_is_behind_it() {
        let header = [0xc1, 0x12, 0x06, 0x01, 0x3f, 0x9a, 0x1c, 0x22];
        let prefixes = text_prefixes(header);
        for behind in 0..=u8::MAX {
            let text = envelope_to_text(&[header.as_slice(), &[behind; 73]].concat());
            assert!(prefixes.iter().any(|prefix| text.starts_with(prefix)), "{text}");
            assert_eq!(key_of_text(&text[..HEADER_LETTERS]), KeyId::new(0x3f9a_1c22));
            assert!(text.starts_with("pgk1.w"), "{text}");
            let quick = envelope_from_text(&text[..QUICK_LETTERS.min(text.len())]).unwrap();
            assert_eq!(quick.len(), Vault::QUICK + 1);
        }
        let other = envelope_to_text(&[&header[..7], &[0x23; 74]].concat());
        assert!(!prefixes.iter().any(|prefix| other.starts_with(prefix)));
        assert_eq!(key_of_text("pgk1.w"), None);
    }
}
