//! What an envelope is bound to, beside its key: the associated data.

use super::Header;
use crate::column::MOST_CONTEXT;
use crate::error::Misplaced;
use crate::fixed_buffer::{FixedBuffer, Full};
use crate::place::{Place, RowId};

const DOMAIN: &[u8] = b"pgkeel.aad.1";
const MOST_ROW: usize = 512;
pub(crate) const MOST_TENANT: usize = 128;

type Aad = FixedBuffer<{ DOMAIN.len() + Header::LEN + 2 + MOST_CONTEXT + 2 + MOST_ROW + 2 + MOST_TENANT }>;

/// Writes down the header, the column, and of the place what the header says that the envelope is bound to, so that no two are
/// written the same. The place has been checked.
pub(crate) fn aad(header: &Header, context: &str, place: Place<'_>) -> Result<Aad, Misplaced> {
    let mut aad = Aad::new();
    write_fixed(&mut aad, header, context).expect("a context is not longer than it may be");
    if let Some(row) = place.row.filter(|_| header.is_row_bound) {
        write_row(&mut aad, &row).map_err(|Full| Misplaced::RowTooLong)?;
    }
    if let Some(tenant) = place.tenant {
        aad.push_prefixed(tenant.as_bytes()).expect("a tenant's name is not longer than it may be");
    }
    Ok(aad)
}

fn write_fixed(aad: &mut Aad, header: &Header, context: &str) -> Result<(), Full> {
    aad.push(DOMAIN)?;
    aad.push(&header.to_bytes())?;
    aad.push_prefixed(context.as_bytes())
}

fn write_row(aad: &mut Aad, row: &RowId<'_>) -> Result<(), Full> {
    let before = aad.as_slice().len();
    aad.prefix(|aad| row.write(aad))?;
    if aad.as_slice().len() - before > 2 + MOST_ROW { Err(Full) } else { Ok(()) }
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
        let written = aad(&header(), "a.b", Place::row(7).tenant("t")).unwrap();
        let expected = b"pgkeel.aad.1\xc1\x12\x06\x01\0\0\0\x01\0\x03a.b\0\x09\x01\0\0\0\0\0\0\0\x07\0\x01t";
        assert_eq!(written.as_slice(), expected);
    }

    #[test]
    fn a_row_has_at_most_512_bytes() {
        let (longest, longer) = ([b'x'; 511], [b'x'; 512]); // and a tag
        assert!(aad(&header(), "a.b", Place::row(RowId::Bytes(&longest))).is_ok());
        let refused = aad(&header(), "a.b", Place::row(RowId::Bytes(&longer))).err();
        assert_eq!(refused, Some(Misplaced::RowTooLong));
        let all = "c".repeat(MOST_CONTEXT);
        let tenant = "t".repeat(MOST_TENANT);
        assert!(aad(&header(), &all, Place::row(RowId::Bytes(&longest)).tenant(&tenant)).is_ok());
    }
}
