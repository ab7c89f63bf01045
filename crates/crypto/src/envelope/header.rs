use super::{Kind, MOST, Malformed};
use crate::keys::KeyId;
use crate::suite::Suite;

/// Never in UTF-8, so that no text is taken for an envelope.
const MAGIC: u8 = 0xc1;
const VERSION: u8 = 1;

const PADDED: u8 = 1;
const ROW_BOUND: u8 = 1 << 1;
const TENANT_BOUND: u8 = 1 << 2;
const COMPRESSED: u8 = 1 << 3;

/// The first eight bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) suite: Suite,
    pub(crate) is_padded: bool,
    pub(crate) is_row_bound: bool,
    pub(crate) is_tenant_bound: bool,
    pub(crate) kind: Kind,
    pub(crate) key: KeyId,
}

impl Header {
    pub(crate) const LEN: usize = 8;

    pub(crate) fn to_bytes(self) -> [u8; Self::LEN] {
        let flag = |is_set: bool, bit: u8| if is_set { bit } else { 0 };
        let flags = flag(self.is_padded, PADDED)
            | flag(self.is_row_bound, ROW_BOUND)
            | flag(self.is_tenant_bound, TENANT_BOUND);
        let [a, b, c, d] = self.key.get().to_be_bytes();
        [MAGIC, VERSION << 4 | self.suite.code(), flags, self.kind.code(), a, b, c, d]
    }

    /// Takes an envelope apart into header and body. Everything that is not written by [`to_bytes`](Self::to_bytes)
    /// is refused.
    pub(crate) fn parse(envelope: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let too_short = |least| Malformed::TooShort { bytes: envelope.len(), least };
        match envelope.first() {
            None => return Err(too_short(Self::LEN)),
            Some(&MAGIC) => {}
            Some(_) => return Err(Malformed::Magic),
        }
        let (head, body) = envelope.split_first_chunk().ok_or(too_short(Self::LEN))?;
        let header = Self::from_bytes(*head)?;
        let overhead = header.suite.overhead();
        if body.len() < overhead {
            return Err(too_short(Self::LEN + overhead));
        }
        if envelope.len() > MOST {
            return Err(Malformed::TooLong);
        }
        Ok((header, body))
    }

    fn from_bytes([_, version, flags, kind, a, b, c, d]: [u8; Self::LEN]) -> Result<Self, Malformed> {
        if version >> 4 != VERSION {
            return Err(Malformed::Version);
        }
        let suite = Suite::from_code(version & 0x0f).ok_or(Malformed::Suite)?;
        if flags & COMPRESSED != 0 {
            return Err(Malformed::Compressed);
        }
        if flags & !(PADDED | ROW_BOUND | TENANT_BOUND) != 0 {
            return Err(Malformed::Flags);
        }
        let kind = Kind::from_code(kind).ok_or(Malformed::Kind)?;
        let key = KeyId::new(u32::from_be_bytes([a, b, c, d])).ok_or(Malformed::NoKey)?;
        let is_row_bound = flags & ROW_BOUND != 0;
        if is_row_bound && !suite.is_randomized() {
            return Err(Malformed::RowOfDeterministic);
        }
        if !suite.is_built() {
            return Err(Malformed::NotBuilt(suite));
        }
        let is_padded = flags & PADDED != 0;
        let is_tenant_bound = flags & TENANT_BOUND != 0;
        Ok(Self { suite, is_padded, is_row_bound, is_tenant_bound, kind, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: [u8; 8] = [0xc1, 0x12, 0x02, 0x01, 0x3f, 0x9a, 0x1c, 0x22];

    fn envelope(change: impl FnOnce(&mut [u8])) -> Vec<u8> {
        let mut bytes = [BYTES.as_slice(), &[0; 72]].concat();
        change(&mut bytes);
        bytes
    }

    fn refusal(change: impl FnOnce(&mut [u8])) -> Malformed {
        Header::parse(&envelope(change)).unwrap_err()
    }

    #[test]
    fn a_header_is_written_as_it_is_read() {
        let bytes = envelope(|_| {});
        let (header, body) = Header::parse(&bytes).unwrap();
        assert_eq!((header.suite, header.kind), (Suite::KcXaes256Gcm, Kind::Text));
        assert!(header.is_row_bound && !header.is_padded && !header.is_tenant_bound);
        assert_eq!((header.key.get(), body.len()), (0x3f9a_1c22, 72));
        assert_eq!(header.to_bytes(), BYTES);
    }

    #[test]
    fn each_fault_has_its_name() {
        assert_eq!(refusal(|bytes| bytes[0] = b'a'), Malformed::Magic);
        assert_eq!(refusal(|bytes| bytes[1] = 0x22), Malformed::Version);
        assert_eq!(refusal(|bytes| bytes[1] = 0x10), Malformed::Suite);
        assert_eq!(refusal(|bytes| bytes[1] = 0x14), Malformed::Suite);
        assert_eq!(refusal(|bytes| bytes[2] = 0x08), Malformed::Compressed);
        assert_eq!(refusal(|bytes| bytes[2] = 0x10), Malformed::Flags);
        assert_eq!(refusal(|bytes| bytes[1] = 0x13), Malformed::RowOfDeterministic);
        assert_eq!(refusal(|bytes| bytes[3] = 9), Malformed::Kind);
        assert_eq!(refusal(|bytes| bytes[4..8].fill(0)), Malformed::NoKey);
        let short = Header::parse(&BYTES).unwrap_err();
        assert_eq!(short, Malformed::TooShort { bytes: 8, least: 80 });
        assert_eq!(Header::parse(&[]).unwrap_err(), Malformed::TooShort { bytes: 0, least: 8 });
    }

    #[test]
    fn whatever_is_read_is_written_the_same() {
        let mut read = 0;
        for first in 0..=u16::MAX {
            let bytes = envelope(|bytes| bytes[1..3].copy_from_slice(&first.to_be_bytes()));
            if let Ok((header, _)) = Header::parse(&bytes) {
                assert_eq!(header.to_bytes(), bytes[..8]);
                read += 1;
            }
        }
        assert_eq!(read, 8 + 8 + 4); // the flags of each suite
    }
}
