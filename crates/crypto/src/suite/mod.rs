//! How an envelope is encrypted: what stands in its body where, and which cipher does it.

mod cipher;
#[cfg(feature = "siv")]
mod siv;
mod xaes;

use crate::BadSpec;

pub(crate) use self::cipher::{Cipher, Refusal};
#[cfg(test)]
pub(crate) use self::xaes::counted;

pub(crate) const NONCE: usize = 24;
const COMMITMENT: usize = 32;
const TAG: usize = 16;

/// How an envelope is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a suite that a reader does not know has to be looked at")]
pub enum Suite {
    /// XAES-256-GCM, as C2SP specifies it: AES-256-GCM under a key for each random nonce of 192 bits. 48 bytes of overhead. For
    /// exchange with programs that have this and nothing else; an envelope can be made to open under two keys.
    Xaes256Gcm,
    /// XAES-256-GCM with a commitment to the key (IACR eprint 2025/758): what opens under one key opens under no other. 80
    /// bytes of overhead. The default.
    KcXaes256Gcm,
    /// AES-256-SIV (RFC 5297) without a nonce: equal values of a column are equal envelopes, whichever rows they are in. 24
    /// bytes of overhead. Opens and is sealed with feature `siv`.
    Aes256Siv,
}

impl Suite {
    /// The number in an envelope's second byte.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Xaes256Gcm => 1,
            Self::KcXaes256Gcm => 2,
            Self::Aes256Siv => 3,
        }
    }

    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Xaes256Gcm),
            2 => Some(Self::KcXaes256Gcm),
            3 => Some(Self::Aes256Siv),
            _ => None,
        }
    }

    /// Whether this build can do it.
    pub(crate) const fn is_built(self) -> bool {
        cfg!(feature = "siv") || !matches!(self, Self::Aes256Siv)
    }

    /// Whether it takes a nonce.
    pub(crate) const fn is_randomized(self) -> bool {
        !matches!(self, Self::Aes256Siv)
    }

    /// Bytes of the body in front of the encrypted text.
    pub(crate) const fn prefix(self) -> usize {
        match self {
            Self::Xaes256Gcm => NONCE,
            Self::KcXaes256Gcm => NONCE + COMMITMENT,
            Self::Aes256Siv => TAG,
        }
    }

    /// Bytes of the body behind the encrypted text.
    const fn suffix(self) -> usize {
        if self.is_randomized() { TAG } else { 0 }
    }

    /// Bytes of the body beside the encrypted text.
    pub(crate) const fn overhead(self) -> usize {
        self.prefix() + self.suffix()
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Xaes256Gcm => "XAES-256-GCM",
            Self::KcXaes256Gcm => "KC-XAES-256-GCM",
            Self::Aes256Siv => "AES-256-SIV",
        }
    }
}

impl std::str::FromStr for Suite {
    type Err = BadSpec;

    /// As it is displayed.
    fn from_str(word: &str) -> Result<Self, BadSpec> {
        let all = [Self::Xaes256Gcm, Self::KcXaes256Gcm, Self::Aes256Siv];
        all.into_iter().find(|suite| suite.name() == word).ok_or_else(|| BadSpec::Word {
            what: "suite",
            word: word.to_owned(),
            expected: "XAES-256-GCM, KC-XAES-256-GCM, AES-256-SIV",
        })
    }
}

impl std::fmt::Display for Suite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
