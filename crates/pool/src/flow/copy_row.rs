use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use tokio_postgres::types::{FromSql, Type, WrongType};

/// A row that was copied out. `Debug` leaves its values out.
pub struct CopyRow {
    bytes: Bytes,
    values: Vec<Option<Range<usize>>>,
    types: Arc<[Type]>,
}

/// What came is no row of these types.
#[derive(Debug, thiserror::Error)]
#[error("what the server copied out is not in the format that was asked for")]
pub(super) struct NoRow;

/// What the binary format begins with: a mark, then the flags and the length of an extension (PostgreSQL documentation,
/// "COPY", "Binary Format").
const MARK: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// Takes the header off the first message.
pub(super) fn skip_header(bytes: &mut Bytes) -> Result<(), NoRow> {
    let rest = bytes.strip_prefix(MARK).and_then(|rest| rest.split_first_chunk::<8>());
    let ([_, _, _, _, extension @ ..], rest) = rest.ok_or(NoRow)?;
    let extension = u32::from_be_bytes(*extension) as usize;
    let behind = rest.get(extension..).ok_or(NoRow)?;
    let header = bytes.len() - behind.len();
    bytes.advance(header);
    Ok(())
}

impl CopyRow {
    /// Reads a message of the binary format behind the header. `None` for its last.
    pub(super) fn read(bytes: Bytes, types: &Arc<[Type]>) -> Result<Option<Self>, NoRow> {
        let mut rest = bytes.as_ref();
        let count = rest.try_get_i16().map_err(|_| NoRow)?;
        if count == -1 {
            return Ok(None);
        }
        if usize::try_from(count) != Ok(types.len()) {
            return Err(NoRow);
        }
        let mut values = Vec::with_capacity(types.len());
        for _ in 0..count {
            let length = rest.try_get_i32().map_err(|_| NoRow)?;
            let at = bytes.len() - rest.len();
            let value = usize::try_from(length).ok().map(|length| at..at + length);
            rest = rest.get(value.as_ref().map_or(0, ExactSizeIterator::len)..).ok_or(NoRow)?;
            values.push(value);
        }
        Ok(Some(Self { bytes, values, types: Arc::clone(types) }))
    }

    /// The value of a column, counted from 0.
    ///
    /// # Errors
    /// That it has another type, that it is NULL where the type has no room for that, or that there is no such column.
    pub fn try_get<'r, T: FromSql<'r>>(
        &'r self,
        column: usize,
    ) -> Result<T, Box<dyn std::error::Error + Send + Sync>> {
        let (Some(kind), Some(value)) = (self.types.get(column), self.values.get(column)) else {
            return Err(format!("there are {} columns, counted from 0: none is {column}", self.len()).into());
        };
        if !T::accepts(kind) {
            return Err(Box::new(WrongType::new::<T>(kind.clone())));
        }
        T::from_sql_nullable(kind, value.clone().map(|value| &self.bytes[value]))
    }

    /// How many columns it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether it has no column.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl fmt::Debug for CopyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyRow").field("types", &self.types).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &'static [u8], types: &[Type]) -> Result<Option<CopyRow>, NoRow> {
        CopyRow::read(Bytes::from_static(bytes), &types.into())
    }

    #[test]
    fn values_and_nulls_are_found() {
        let types = [Type::INT4, Type::TEXT, Type::TEXT];
        let row = read(b"\0\x03\0\0\0\x04\0\0\0\x07\xff\xff\xff\xff\0\0\0\x02ab", &types).unwrap().unwrap();
        assert_eq!(row.try_get::<i32>(0).unwrap(), 7);
        assert_eq!(row.try_get::<Option<&str>>(1).unwrap(), None);
        assert_eq!(row.try_get::<&str>(2).unwrap(), "ab");
        assert!(row.try_get::<&str>(1).is_err() && row.try_get::<i64>(0).is_err());
        assert!(row.try_get::<i32>(3).is_err());
    }

    #[test]
    fn the_header_is_taken_off_with_its_extension() {
        let mut bytes = Bytes::from_static(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\x02xx\0\x01");
        skip_header(&mut bytes).unwrap();
        assert_eq!(bytes.as_ref(), b"\0\x01");
        assert!(skip_header(&mut bytes).is_err());
    }

    #[test]
    fn what_is_no_row_is_refused() {
        assert!(read(b"\xff\xff", &[Type::INT4]).unwrap().is_none());
        for bytes in [b"".as_slice(), b"\0\x02", b"\0\x01", b"\0\x01\0\0\0\x04\0", b"\0\x01\0\0"] {
            assert!(read(bytes, &[Type::INT4]).is_err(), "{bytes:?}");
        }
    }
}
