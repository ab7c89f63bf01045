//! Primary keys of any table: read, bound, kept as text, and what values are bound to.

use std::fmt;

use pgkeel_connect::{Ident, Type};
use pgkeel_crypto::RowId;
use serde::Serialize;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::bound::Bound;

/// The columns of a primary key, in its order.
#[derive(Debug, Clone)]
pub(super) struct Keys(Vec<(Ident, KeyKind)>);

/// What a column of a primary key is, as far as sealed values are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    Int,
    Uuid,
    Text,
    Bytes,
}

/// A row's primary key.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Key(Vec<Part>);

#[derive(Clone, PartialEq, Eq)]
enum Part {
    Int(i64),
    Uuid([u8; 16]),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row's primary key, each of its columns as text. What it says may be personal, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
pub struct RowKey(Vec<String>);

impl RowKey {
    /// Its columns, in the order of the primary key.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.0
    }

    pub(super) fn new(columns: Vec<String>) -> Self {
        Self(columns)
    }
}

impl fmt::Debug for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RowKey(…)")
    }
}

impl KeyKind {
    /// Of a type's name, as `format_type` writes it.
    pub(super) fn of(type_name: &str) -> Option<Self> {
        match type_name {
            "smallint" | "integer" | "bigint" => Some(Self::Int),
            "uuid" => Some(Self::Uuid),
            "text" | "character varying" => Some(Self::Text),
            "bytea" => Some(Self::Bytes),
            _ => None,
        }
    }

    /// What is selected of a column.
    fn read(self, column: &Ident) -> String {
        match self {
            Self::Int => format!("t.{column}::int8"),
            Self::Uuid => format!("pg_catalog.uuid_send(t.{column})"),
            Self::Text => format!("t.{column}::text"),
            Self::Bytes => format!("t.{column}"),
        }
    }

    /// What a parameter is declared as; uuids are sent as text and cast.
    fn sent_as(self) -> (Type, Type) {
        match self {
            Self::Int => (Type::INT8, Type::INT8_ARRAY),
            Self::Uuid | Self::Text => (Type::TEXT, Type::TEXT_ARRAY),
            Self::Bytes => (Type::BYTEA, Type::BYTEA_ARRAY),
        }
    }

    fn cast(self) -> &'static str {
        match self {
            Self::Uuid => "::uuid",
            Self::Int | Self::Text | Self::Bytes => "",
        }
    }
}

impl Keys {
    pub(super) fn new(columns: Vec<(Ident, KeyKind)>) -> Self {
        Self(columns)
    }

    /// As they are selected from `t`, in the first places.
    pub(super) fn selected(&self) -> String {
        joined(self.0.iter().map(|(name, kind)| kind.read(name)))
    }

    /// As rows are ordered by.
    pub(super) fn order(&self) -> String {
        joined(self.0.iter().map(|(name, _)| format!("t.{name}")))
    }

    /// A comparison of `t`'s key with parameters from this number on.
    pub(super) fn compared(&self, operator: &str, first: usize) -> String {
        let params =
            self.0.iter().zip(first..).map(|((_, kind), number)| format!("${number}{}", kind.cast()));
        format!("({}) {operator} ({})", self.order(), joined(params))
    }

    /// Arrays of keys, as parameters from this number on.
    pub(super) fn arrays(&self, first: usize) -> String {
        joined((0..self.0.len()).map(|at| format!("${}", first + at)))
    }

    /// The names of those arrays' elements.
    pub(super) fn elements(&self) -> String {
        joined((0..self.0.len()).map(|at| format!("k{at}")))
    }

    /// Whether `t` is the row of the key that `v` has.
    pub(super) fn is_row_of(&self) -> String {
        let equal =
            |(at, (name, kind)): (usize, &(Ident, KeyKind))| format!("t.{name} = v.k{at}{}", kind.cast());
        self.0.iter().enumerate().map(equal).collect::<Vec<_>>().join(" and ")
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The key in a row's first columns.
    pub(super) fn of(&self, row: &Row) -> Result<Key, tokio_postgres::Error> {
        let part = |(at, (_, kind)): (usize, &(Ident, KeyKind))| {
            Ok(match kind {
                KeyKind::Int => Part::Int(row.try_get(at)?),
                KeyKind::Uuid => {
                    let bytes: &[u8] = row.try_get(at)?;
                    Part::Uuid(bytes.try_into().expect("the server sends a uuid as 16 bytes"))
                }
                KeyKind::Text => Part::Text(row.try_get(at)?),
                KeyKind::Bytes => Part::Bytes(row.try_get(at)?),
            })
        };
        self.0.iter().enumerate().map(part).collect::<Result<_, _>>().map(Key)
    }

    /// A key that was kept as text. `None` if it is of another table, or none.
    pub(super) fn parse(&self, texts: &[String]) -> Option<Key> {
        if texts.len() != self.0.len() {
            return None;
        }
        let part = |(text, (_, kind)): (&String, &(Ident, KeyKind))| match kind {
            KeyKind::Int => text.parse().ok().map(Part::Int),
            KeyKind::Uuid => unhex(&text.replace('-', ""))?.try_into().ok().map(Part::Uuid),
            KeyKind::Text => Some(Part::Text(text.clone())),
            KeyKind::Bytes => unhex(text.strip_prefix("\\x")?).map(Part::Bytes),
        };
        texts.iter().zip(&self.0).map(part).collect::<Option<_>>().map(Key)
    }

    /// One key as parameters.
    pub(super) fn bind(&self, key: &Key) -> Vec<Bound> {
        key.0.iter().zip(&self.0).map(|(part, (_, kind))| (part.value(), kind.sent_as().0)).collect()
    }

    /// Many keys as parameters, an array a column.
    pub(super) fn bind_all(&self, keys: &[&Key]) -> Vec<Bound> {
        let column = |(at, (_, kind)): (usize, &(Ident, KeyKind))| -> Bound {
            let parts = keys.iter().map(|key| &key.0[at]);
            let value: Box<dyn ToSql + Send + Sync> = match kind {
                KeyKind::Int => Box::new(parts.map(Part::int).collect::<Vec<i64>>()),
                KeyKind::Uuid | KeyKind::Text => Box::new(parts.map(Part::to_text).collect::<Vec<String>>()),
                KeyKind::Bytes => Box::new(parts.map(Part::bytes).collect::<Vec<Vec<u8>>>()),
            };
            (value, kind.sent_as().1)
        };
        self.0.iter().enumerate().map(column).collect()
    }
}

impl Key {
    /// As it is kept, and shown to operators.
    pub(super) fn to_texts(&self) -> Vec<String> {
        self.0.iter().map(Part::to_text).collect()
    }

    /// Does with it what takes what values are bound to.
    pub(super) fn with_row_id<R>(&self, call: impl FnOnce(RowId<'_>) -> R) -> R {
        match self.0.as_slice() {
            [one] => call(one.row_id()),
            several => call(RowId::Composite(&several.iter().map(Part::row_id).collect::<Vec<_>>())),
        }
    }
}

impl Part {
    fn row_id(&self) -> RowId<'_> {
        match self {
            Self::Int(id) => RowId::Int(*id),
            Self::Uuid(id) => RowId::Uuid(*id),
            Self::Text(id) => RowId::Text(id),
            Self::Bytes(id) => RowId::Bytes(id),
        }
    }

    fn to_text(&self) -> String {
        match self {
            Self::Int(id) => id.to_string(),
            Self::Uuid(id) => {
                let digits = hex(id);
                [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
            }
            Self::Text(id) => id.clone(),
            Self::Bytes(id) => format!("\\x{}", hex(id)),
        }
    }

    fn value(&self) -> Box<dyn ToSql + Send + Sync> {
        match self {
            Self::Int(id) => Box::new(*id),
            Self::Uuid(_) | Self::Text(_) => Box::new(self.to_text()),
            Self::Bytes(id) => Box::new(id.clone()),
        }
    }

    fn int(&self) -> i64 {
        if let Self::Int(id) = self { *id } else { unreachable!("a key of its own columns") }
    }

    fn bytes(&self) -> Vec<u8> {
        if let Self::Bytes(id) = self { id.clone() } else { unreachable!("a key of its own columns") }
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_text_as_it_was_written() {
        let kinds = [KeyKind::Int, KeyKind::Uuid, KeyKind::Text, KeyKind::Bytes];
        let columns = kinds.map(|kind| (Ident::new("a").unwrap(), kind));
        let keys = Keys::new(columns.to_vec());
        let key = Key(vec![
            Part::Int(-7),
            Part::Uuid([0xab; 16]),
            Part::Text("a, \"b\"".to_owned()),
            Part::Bytes(vec![0, 0xff]),
        ]);
        let texts = key.to_texts();
        assert_eq!(texts[1], "abababab-abab-abab-abab-abababababab");
        assert_eq!(texts[3], "\\x00ff");
        assert!(keys.parse(&texts).unwrap() == key);
        assert!(keys.parse(&texts[1..]).is_none());
        for wrong in ["", "x", "\\xf", "\\xzz"] {
            let mut texts = texts.clone();
            texts[3] = wrong.to_owned();
            assert!(keys.parse(&texts).is_none(), "{wrong}");
        }
    }
}
