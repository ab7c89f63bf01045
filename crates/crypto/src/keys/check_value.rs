use std::fmt;
use std::str::FromStr;

use super::root_key::decode_hex;

/// Eight bytes that are derived of a key and tell nothing of it: so a keyring can say which secret it means, and a wrong one is
/// found when it is loaded. Written as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CheckValue([u8; 8]);

impl CheckValue {
    pub(super) const LEN: usize = 8;

    pub(super) fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }
}

/// Not 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a check value is 16 hexadecimal digits")]
pub struct BadCheckValue;

impl FromStr for CheckValue {
    type Err = BadCheckValue;

    fn from_str(text: &str) -> Result<Self, BadCheckValue> {
        let mut bytes = [0; Self::LEN];
        decode_hex(text.as_bytes(), &mut bytes).ok_or(BadCheckValue)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for CheckValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CheckValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CheckValue({self})")
    }
}
