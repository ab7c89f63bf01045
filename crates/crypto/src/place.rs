use std::fmt;

use crate::fixed_buffer::{FixedBuffer, Full};

/// Where a value stands, of what its [`Column`](crate::Column) says that it is bound to: its row, and its tenant.
///
/// ```
/// use pgkeel_crypto::{Place, RowId};
///
/// let order = Place::row(7).tenant("acme");
/// let line = Place::row(&[RowId::Int(7), RowId::Text("A-1")]); // a primary key of two columns
/// # let _ = (order, line);
/// ```
#[derive(Clone, Copy, Default)]
pub struct Place<'a> {
    pub(crate) row: Option<RowId<'a>>,
    pub(crate) tenant: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// In this row. Its key has to be known before the row is inserted: made by the client (a UUID), or drawn from the
    /// sequence first.
    #[must_use]
    pub fn row(id: impl Into<RowId<'a>>) -> Self {
        Self { row: Some(id.into()), tenant: None }
    }

    /// In whatever row, for columns that are [not bound to rows](crate::Column::any_row).
    #[must_use]
    pub fn any_row() -> Self {
        Self::default()
    }

    /// Among the rows of this tenant, for columns that are [bound to tenants](crate::Column::per_tenant). 1 to 128 bytes.
    #[must_use]
    pub fn tenant(self, tenant: &'a str) -> Self {
        Self { tenant: Some(tenant), ..self }
    }
}

/// A row's primary key. Equal keys of different types are different rows.
///
/// All its bytes together are at most 512.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RowId<'a> {
    /// `int2`, `int4`, `int8`, which are the same here: a column may become wider.
    Int(i64),
    /// `uuid`, its bytes in the order in which they are written.
    Uuid([u8; 16]),
    /// `text` and its like.
    Text(&'a str),
    /// `bytea`.
    Bytes(&'a [u8]),
    /// Several columns, in the order in which the primary key names them. At most 255.
    Composite(&'a [RowId<'a>]),
}

impl RowId<'_> {
    /// Appends the canonical form: a tag, then the bytes.
    pub(crate) fn write<const N: usize>(&self, to: &mut FixedBuffer<N>) -> Result<(), Full> {
        match self {
            Self::Int(id) => tagged(to, 0x01, &id.to_be_bytes()),
            Self::Uuid(id) => tagged(to, 0x02, id),
            Self::Text(id) => tagged(to, 0x03, id.as_bytes()),
            Self::Bytes(id) => tagged(to, 0x04, id),
            Self::Composite(parts) => {
                let count = u8::try_from(parts.len()).map_err(|_| Full)?;
                tagged(to, 0x10, &[count])?;
                parts.iter().try_for_each(|part| to.prefix(|to| part.write(to)))
            }
        }
    }
}

/// A key may tell whose the row is, so its value is not shown, but of which kind it is.
impl fmt::Debug for RowId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(_) => f.write_str("Int(…)"),
            Self::Uuid(_) => f.write_str("Uuid(…)"),
            Self::Text(_) => f.write_str("Text(…)"),
            Self::Bytes(_) => f.write_str("Bytes(…)"),
            Self::Composite(parts) => f.debug_tuple("Composite").field(parts).finish(),
        }
    }
}

impl fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row, tenant } = self;
        f.debug_struct("Place").field("row", row).field("has_tenant", &tenant.is_some()).finish()
    }
}

fn tagged<const N: usize>(to: &mut FixedBuffer<N>, tag: u8, bytes: &[u8]) -> Result<(), Full> {
    to.push(&[tag])?;
    to.push(bytes)
}

impl From<i64> for RowId<'_> {
    fn from(id: i64) -> Self {
        Self::Int(id)
    }
}

impl From<i32> for RowId<'_> {
    fn from(id: i32) -> Self {
        Self::Int(id.into())
    }
}

impl From<i16> for RowId<'_> {
    fn from(id: i16) -> Self {
        Self::Int(id.into())
    }
}

impl<'a> From<&'a str> for RowId<'a> {
    fn from(id: &'a str) -> Self {
        Self::Text(id)
    }
}

impl<'a> From<&'a [RowId<'a>]> for RowId<'a> {
    fn from(parts: &'a [RowId<'a>]) -> Self {
        Self::Composite(parts)
    }
}

impl<'a, const N: usize> From<&'a [RowId<'a>; N]> for RowId<'a> {
    fn from(parts: &'a [RowId<'a>; N]) -> Self {
        Self::Composite(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(id: RowId<'_>) -> Vec<u8> {
        let mut buffer = FixedBuffer::<64>::new();
        id.write(&mut buffer).unwrap();
        buffer.as_slice().to_vec()
    }

    #[test]
    fn each_kind_of_key_has_its_canonical_form() {
        assert_eq!(canonical(RowId::Int(-2)), b"\x01\xff\xff\xff\xff\xff\xff\xff\xfe");
        assert_eq!(canonical(RowId::Uuid([0xab; 16])), [[0x02].as_slice(), &[0xab; 16]].concat());
        assert_eq!(canonical(RowId::Text("a-1")), b"\x03a-1");
        assert_eq!(canonical(RowId::Bytes(b"\0\xff")), b"\x04\0\xff");
        let parts = [RowId::Int(7), RowId::Text("x")];
        assert_eq!(
            canonical(RowId::Composite(&parts)),
            b"\x10\x02\x00\x09\x01\0\0\0\0\0\0\0\x07\x00\x02\x03x"
        );
    }

    #[test]
    fn keys_that_read_alike_are_different_rows() {
        let apart = [RowId::Text("ab"), RowId::Text("c")];
        let shifted = [RowId::Text("a"), RowId::Text("bc")];
        assert_ne!(canonical(RowId::Composite(&apart)), canonical(RowId::Composite(&shifted)));
        assert_ne!(canonical(RowId::Text("7")), canonical(RowId::Int(7)));
        assert_ne!(canonical(RowId::Text("a")), canonical(RowId::Composite(&[RowId::Text("a")])));
    }
}
