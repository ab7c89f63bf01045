use std::fmt;

/// What stands in the column of a [`BlindIndex`](crate::BlindIndex): 16 bytes, or fewer of a beacon.
///
/// It tells nothing of the value to those who have not the key, but that it is equal to others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexValue {
    bytes: [u8; Self::LEN],
    len: u8,
}

impl IndexValue {
    /// The bytes of a whole one. Two of 10^9 different values are alike with a probability of 2^-69.
    pub(crate) const LEN: usize = 16;

    pub(super) fn whole(bytes: [u8; Self::LEN]) -> Self {
        Self { bytes, len: 16 }
    }

    /// The first `bits` bits, in as many bytes as it takes; the bits behind them are 0.
    pub(super) fn beacon(bytes: [u8; Self::LEN], bits: u8) -> Self {
        let first = u64::from_be_bytes(*bytes.first_chunk().expect("16 bytes have a first 8"));
        let kept = first & (u64::MAX << (64 - u32::from(bits)));
        let mut bytes = [0; Self::LEN];
        bytes[..8].copy_from_slice(&kept.to_be_bytes());
        Self { bytes, len: bits.div_ceil(8) }
    }

    /// The bytes, to be stored or looked for as `bytea`.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl AsRef<[u8]> for IndexValue {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Debug for IndexValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IndexValue({} B)", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beacon_has_just_its_bits() {
        for bits in 1..=64 {
            let beacon = IndexValue::beacon([0xff; 16], bits);
            let ones: u32 = beacon.as_bytes().iter().map(|byte| byte.count_ones()).sum();
            assert_eq!((ones, beacon.as_bytes().len()), (u32::from(bits), usize::from(bits).div_ceil(8)));
        }
        assert_eq!(IndexValue::beacon([0xff; 16], 9).as_bytes(), [0xff, 0x80]);
    }
}
