use std::fmt;

use bytes::{Bytes, BytesMut};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use crate::Error;

/// The value of a parameter, and the type of the server's that it is sent as: `(&7_i64, Type::INT8)`.
pub type TypedParam<'a> = (&'a (dyn ToSql + Sync), Type);

/// As many as a message of the protocol can count.
const MOST: usize = u16::MAX as usize;

/// Parameters with their types, in the form in which they are sent: who has them knows that each value fits its type,
/// before a statement, or a BEGIN ahead of it, is sent.
#[derive(Debug)]
pub struct EncodedParams(Vec<Encoded>);

impl EncodedParams {
    /// Encodes each value, once.
    ///
    /// # Errors
    /// [`Error::Parameter`] of the first that does not fit its type; [`Error::ParameterCount`] of more than 65 535.
    pub fn of(params: &[TypedParam<'_>]) -> Result<Self, Error> {
        if params.len() > MOST {
            return Err(Error::ParameterCount { expected: MOST, found: params.len() });
        }
        let mut buffer = BytesMut::new();
        let encoded = (1..).zip(params).map(|(number, (value, kind))| {
            let is_null = value.to_sql_checked(kind, &mut buffer);
            let is_null = is_null.map_err(|source| Error::Parameter { number, source })?;
            let bytes = buffer.split().freeze();
            let bytes = matches!(is_null, IsNull::No).then_some(bytes);
            Ok(Encoded { kind: kind.clone(), format: value.encode_format(kind), bytes })
        });
        encoded.collect::<Result<_, _>>().map(Self)
    }

    /// As the driver takes them.
    #[must_use]
    pub fn typed(&self) -> Vec<TypedParam<'_>> {
        self.iter().collect()
    }

    /// The types.
    #[must_use]
    pub fn types(&self) -> Vec<Type> {
        self.0.iter().map(|encoded| encoded.kind.clone()).collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = TypedParam<'_>> {
        self.0.iter().map(|encoded| (encoded as &(dyn ToSql + Sync), encoded.kind.clone()))
    }
}

struct Encoded {
    kind: Type,
    format: Format,
    /// `None` for NULL.
    bytes: Option<Bytes>,
}

impl ToSql for Encoded {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(bytes) = &self.bytes else { return Ok(IsNull::Yes) };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        self.format
    }

    to_sql_checked!();
}

/// Without the value.
impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded").field("kind", &self.kind).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_does_not_fit_is_named_by_its_number() {
        let (text, absent) = ("seven", None::<i64>);
        let fitting = [(&7_i32 as _, Type::INT4), (&absent as _, Type::INT8), (&text as _, Type::UNKNOWN)];
        assert_eq!(EncodedParams::of(&fitting).unwrap().typed().len(), 3);
        let refused = EncodedParams::of(&[(&7_i32, Type::INT4), (&text, Type::INT8)]).unwrap_err();
        assert!(matches!(refused, Error::Parameter { number: 2, .. }), "{refused:?}");
        assert_eq!(refused.to_string(), "the value of $2 does not fit the type that is declared for it");
        assert!(EncodedParams::of(&[(&absent, Type::TEXT)]).is_err(), "NULL has a type too");
    }

    #[test]
    fn what_is_written_is_what_the_value_wrote_and_is_not_shown() {
        let encoded = EncodedParams::of(&[(&258_i32, Type::INT4), (&"secret", Type::TEXT)]).unwrap();
        let mut out = BytesMut::new();
        for (value, kind) in encoded.typed() {
            assert!(matches!(value.to_sql_checked(&kind, &mut out), Ok(IsNull::No)));
        }
        assert_eq!(out, b"\0\0\x01\x02secret".as_slice());
        assert!(!format!("{encoded:?}").contains("secret") && !format!("{encoded:?}").contains("115"));
    }
}
