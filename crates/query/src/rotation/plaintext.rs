//! Columns of plaintext that become sealed ones: which types they have, and how their values are read as the bytes that are sealed.

use pgkeel_connect::Ident;
use pgkeel_crypto::{Error, Kind, Secret};

/// From 1970-01-01, which sealed values count from, to 2000-01-01, which the server counts from.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * 86_400_000_000;

/// A column whose values are of a kind.
#[derive(Clone)]
pub(super) struct Plaintext {
    pub(super) column: Ident,
    kind: Kind,
}

impl Plaintext {
    /// Of a type's name, as `format_type` writes it. `None` if values of that type are not of this kind.
    pub(super) fn of(column: &Ident, kind: Kind, type_name: &str) -> Option<Self> {
        types(kind).contains(&type_name).then(|| Self { column: column.clone(), kind })
    }

    /// Its value as `bytea`, whatever the session's settings are.
    pub(super) fn read(&self) -> String {
        let column = &self.column;
        match self.kind {
            Kind::Bytes => format!("t.{column}"),
            Kind::Text | Kind::Json | Kind::Decimal => {
                format!("pg_catalog.convert_to(t.{column}::text, 'UTF8')")
            }
            Kind::Int => format!("pg_catalog.int8send(t.{column}::int8)"),
            Kind::Uuid => format!("pg_catalog.uuid_send(t.{column})"),
            Kind::Timestamp => format!("pg_catalog.timestamptz_send(t.{column})"),
            Kind::Bool => format!("pg_catalog.boolsend(t.{column})"),
            Kind::Date => format!("pg_catalog.date_send(t.{column})"),
        }
    }

    /// As it is sealed, of what was read.
    ///
    /// # Errors
    /// If it has no such form, as infinity has none.
    pub(super) fn plain(&self, read: &[u8]) -> Result<Secret<Vec<u8>>, Error> {
        let counted = match self.kind {
            Kind::Timestamp => micros(read),
            Kind::Date => days(read),
            _ => Some(read.to_vec()),
        };
        counted.map(Secret::new).ok_or(Error::NotOfKind(self.kind))
    }
}

fn micros(read: &[u8]) -> Option<Vec<u8>> {
    let micros = i64::from_be_bytes(read.try_into().ok()?);
    let is_finite = !matches!(micros, i64::MIN | i64::MAX);
    is_finite.then(|| micros.checked_add(EPOCH_MICROS))?.map(|micros| micros.to_be_bytes().to_vec())
}

fn days(read: &[u8]) -> Option<Vec<u8>> {
    let days = i32::from_be_bytes(read.try_into().ok()?);
    let is_finite = !matches!(days, i32::MIN | i32::MAX);
    is_finite.then(|| days.checked_add(EPOCH_DAYS))?.map(|days| days.to_be_bytes().to_vec())
}

/// The types whose values are of this kind.
pub(super) fn types(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Bytes => &["bytea"],
        Kind::Text => &["text", "character varying"],
        Kind::Int => &["smallint", "integer", "bigint"],
        Kind::Json => &["json", "jsonb"],
        Kind::Uuid => &["uuid"],
        Kind::Timestamp => &["timestamp with time zone"],
        Kind::Decimal => &["numeric"],
        Kind::Bool => &["boolean"],
        Kind::Date => &["date"],
    }
}
