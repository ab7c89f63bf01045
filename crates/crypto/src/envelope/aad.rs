//! What an envelope is bound to, beside its key: the associated data.

use super::Header;
use crate::column::MOST_CONTEXT;
use crate::error::Misplaced;
use crate::fixed_buffer::{FixedBuffer, Full};
use crate::place::{Place, RowId};

const DOMAIN: &[u8] = b"pgkeel.aad.1";
const MOST_ROW: usize = 512;
pub(crate) const MOST_TENANT: usize = 128;

/// Put together on the stack, where it stays.
pub(crate) struct Aad(Buffer);

type Buffer = FixedBuffer<{ DOMAIN.len() + Header::LEN + 2 + MOST_CONTEXT + 2 + MOST_ROW + 2 + MOST_TENANT }>;

impl Aad {
    pub(crate) fn new() -> Self {
        Self(Buffer::new())
    }

    /// Writes down the header, the column, and of the place what the header says that the envelope is bound to, so that no two
    /// are written the same. The place has been checked.
    pub(crate) fn write(
        &mut self,
        header: &Header,
        context: &str,
        place: Place<'_>,
    ) -> Result<&[u8], Misplaced> {
        self.write_fixed(header, context).expect("a context is not longer than it may be");
        if let Some(row) = place.row.filter(|_| header.is_row_bound) {
            self.write_row(&row).map_err(|Full| Misplaced::RowTooLong)?;
        }
        if let Some(tenant) = place.tenant {
            self.0.push_prefixed(tenant.as_bytes()).expect("a tenant's name is not longer than it may be");
        }
        Ok(self.0.as_slice())
    }

    fn write_fixed(&mut self, header: &Header, context: &str) -> Result<(), Full> {
        self.0.push(DOMAIN)?;
        self.0.push(&header.to_bytes())?;
        self.0.push_prefixed(context.as_bytes())
    }

    fn write_row(&mut self, row: &RowId<'_>) -> Result<(), Full> {
        let before = self.0.as_slice().len();
        self.0.prefix(|aad| row.write(aad))?;
        if self.0.as_slice().len() - before > 2 + MOST_ROW { Err(Full) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        let envelope = [[0xc1, 0x12, 0x06, 1, 0, 0, 0, 1].as_slice(), &[0; 72]].concat();
        Header::parse(&envelope).unwrap().0
    }

    #[test]
    fn it_is_written_as_the_format_says() {
        let mut aad = Aad::new();
        let written = aad.write(&header(), "a.b", Place::row(7).tenant("t")).unwrap();
        let expected = b"pgkeel.aad.1\xc1\x12\x06\x01\0\0\0\x01\0\x03a.b\0\x09\x01\0\0\0\0\0\0\0\x07\0\x01t";
        assert_eq!(written, expected);
    }

    #[test]
    fn a_row_has_at_most_512_bytes() {
        let (longest, longer) = ([b'x'; 511], [b'x'; 512]); // and a tag
        let written = |context: &str, place| Aad::new().write(&header(), context, place).map(<[u8]>::len);
        assert!(written("a.b", Place::row(RowId::Bytes(&longest))).is_ok());
        let refused = written("a.b", Place::row(RowId::Bytes(&longer)));
        assert_eq!(refused, Err(Misplaced::RowTooLong));
        let (all, tenant) = ("c".repeat(MOST_CONTEXT), "t".repeat(MOST_TENANT));
        assert!(written(&all, Place::row(RowId::Bytes(&longest)).tenant(&tenant)).is_ok());
    }
}
