use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use crate::error::NoRandomness;
use crate::random::{OperatingSystem, Random as _};

/// A key's name, which each envelope carries: 8 hexadecimal digits, such as `3f9a1c22`, never `00000000`. It tells nothing of
/// the key, and is never given to another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(NonZeroU32);

impl KeyId {
    /// `None` for 0.
    #[must_use]
    pub fn new(id: u32) -> Option<Self> {
        NonZeroU32::new(id).map(Self)
    }

    /// As a number, as in an envelope's last four bytes of the header.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }

    /// A name for a new key.
    ///
    /// # Errors
    /// If the operating system gives no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        loop {
            let mut bytes = [0; 4];
            OperatingSystem.fill(&mut bytes).map_err(NoRandomness)?;
            if let Some(id) = Self::new(u32::from_be_bytes(bytes)) {
                return Ok(id);
            }
        }
    }
}

/// Not 8 hexadecimal digits, or all of them 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the id of a key is 8 hexadecimal digits, not all of them 0")]
pub struct BadKeyId;

impl FromStr for KeyId {
    type Err = BadKeyId;

    fn from_str(text: &str) -> Result<Self, BadKeyId> {
        let is_hex = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let id = u32::from_str_radix(text, 16).ok().filter(|_| is_hex);
        id.and_then(Self::new).ok_or(BadKeyId)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}
