//! Sealed values as the driver reads and writes them.

use std::error::Error as StdError;

use bytes::BytesMut;
use postgres_types::{FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::envelope::from_text;
use crate::plain::Plain;
use crate::sealed::Sealed;

type Failure = Box<dyn StdError + Sync + Send>;

/// Of `bytea` its bytes, of `text` what [`Sealed::to_text`] makes. What is no envelope is taken all the same: opening it tells.
impl<'a, T: Plain> FromSql<'a> for Sealed<T> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        let decoded = if is_text(kind) {
            std::str::from_utf8(raw).ok().and_then(|text| from_text(text).ok())
        } else {
            None
        };
        Ok(Self::new(decoded.unwrap_or_else(|| raw.to_vec())))
    }

    fn accepts(kind: &Type) -> bool {
        is_bytes(kind) || is_text(kind)
    }
}

/// Its bytes into `bytea`, [`Sealed::to_text`] into `text`.
impl<T: Plain> ToSql for Sealed<T> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        if is_text(kind) {
            out.extend_from_slice(self.to_text().as_bytes());
        } else {
            out.extend_from_slice(self.as_bytes());
        }
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        is_bytes(kind) || is_text(kind)
    }

    to_sql_checked!();
}

fn is_bytes(kind: &Type) -> bool {
    *base(kind) == Type::BYTEA
}

fn is_text(kind: &Type) -> bool {
    matches!(*base(kind), Type::TEXT | Type::VARCHAR)
}

/// What a domain is a domain of; any other type itself.
fn base(kind: &Type) -> &Type {
    match kind.kind() {
        Kind::Domain(of) => base(of),
        _ => kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(sealed: &Sealed<String>, kind: &Type) -> BytesMut {
        let mut out = BytesMut::new();
        sealed.to_sql_checked(kind, &mut out).unwrap();
        out
    }

    #[test]
    fn it_is_read_as_it_was_written_as_bytes_and_as_text() {
        let envelope = [[0xc1, 0x12, 0x02, 0x01, 0, 0, 0, 1].as_slice(), &[7; 72]].concat();
        let sealed = Sealed::<String>::from_bytes(envelope).unwrap();
        for kind in [Type::BYTEA, Type::TEXT, Type::VARCHAR] {
            let read = Sealed::<String>::from_sql(&kind, &written(&sealed, &kind)).unwrap();
            assert!(read == sealed && read.key().is_ok(), "{kind}");
        }
        assert!(written(&sealed, &Type::TEXT).starts_with(b"pgk1."));
        assert!(
            !<Sealed<String> as ToSql>::accepts(&Type::INT8)
                && !<Sealed<String> as FromSql>::accepts(&Type::JSON)
        );
        let domain = Type::new("envelope".to_owned(), 90_000, Kind::Domain(Type::BYTEA), "app".to_owned());
        assert!(<Sealed<String> as ToSql>::accepts(&domain));
    }

    #[test]
    fn a_cell_that_is_no_envelope_is_read_and_shows_nothing() {
        for kind in [Type::BYTEA, Type::TEXT] {
            let read = Sealed::<String>::from_sql(&kind, b"pgk1.ada@example.org").unwrap();
            assert!(read.key().is_err() && read.suite().is_err());
            assert_eq!(format!("{read:?}"), "Sealed(no envelope, 20 B)");
        }
    }
}
