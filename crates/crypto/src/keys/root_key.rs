use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use zeroize::Zeroizing;

use super::{CheckValue, Prk};
use crate::Secret;
use crate::error::NoRandomness;
use crate::random::{OperatingSystem, Random as _};

/// A secret of 32 random bytes, of which all keys are derived. Overwritten when it is dropped; moving it leaves no copies.
pub struct RootKey(Box<Zeroizing<[u8; Self::LEN]>>);

impl RootKey {
    /// How many bytes it has.
    pub const LEN: usize = 32;

    /// A new one.
    ///
    /// # Errors
    /// If the operating system gives no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        Self::written_by(|bytes| OperatingSystem.fill(bytes).map_err(NoRandomness))
    }

    /// The key of these bytes, such as a key management service has unwrapped. The caller wipes its own copy.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let copied = Self::written_by(|to| {
            *to = *bytes;
            Ok::<_, std::convert::Infallible>(())
        });
        match copied {
            Ok(key) => key,
        }
    }

    /// The key that is written as 64 hexadecimal digits, or as 43 characters of base64url without padding; `None` if it is neither.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let written = Self::written_by(|bytes| match text.len() {
            64 => decode_hex(text.as_bytes(), bytes).ok_or(()),
            _ => match Base64UrlUnpadded::decode(text, bytes) {
                Ok(decoded) if decoded.len() == Self::LEN => Ok(()),
                _ => Err(()),
            },
        });
        written.ok()
    }

    /// As 64 hexadecimal digits, to be stored where secrets are.
    #[must_use]
    pub fn to_text(&self) -> Secret<String> {
        let mut text = String::with_capacity(2 * Self::LEN);
        for byte in self.bytes() {
            text.extend(
                [byte >> 4, byte & 0x0f].map(|digit| char::from_digit(digit.into(), 16).expect("a digit")),
            );
        }
        Secret::new(text)
    }

    /// What tells it from others, to be stored in the keyring.
    #[must_use]
    pub fn check_value(&self) -> CheckValue {
        Prk::new(self).check_value()
    }

    /// Whether it is something that was never drawn: one byte again and again, as in an example.
    pub(super) fn is_placeholder(&self) -> bool {
        self.bytes().iter().all(|byte| *byte == self.0[0])
    }

    pub(super) fn bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The bytes are written where they stay.
    pub(super) fn written_by<E>(
        write: impl FnOnce(&mut [u8; Self::LEN]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut bytes = Box::new(Zeroizing::new([0; Self::LEN]));
        write(&mut bytes)?;
        Ok(Self(bytes))
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootKey(…)")
    }
}

/// Writes the bytes of these hexadecimal digits; `None` if there are others, or not as many as it takes.
pub(super) fn decode_hex(digits: &[u8], bytes: &mut [u8]) -> Option<()> {
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    for (pair, byte) in digits.chunks_exact(2).zip(bytes) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_both_its_forms_and_from_no_other() {
        let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";
        let base64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHv8";
        let key = RootKey::from_text(hex).unwrap();
        assert_eq!(RootKey::from_text(base64).unwrap().bytes(), key.bytes());
        assert_eq!(key.to_text().expose(), hex);
        assert_eq!(RootKey::from_text(&hex.to_uppercase()).unwrap().bytes(), key.bytes());
        let wrong = [
            "",
            &hex[1..],
            &hex.replace("ff", "fg"),
            &format!("{base64}="),
            &base64[1..],
            &format!("{hex} "),
        ];
        for text in wrong {
            assert!(RootKey::from_text(text).is_none(), "{text}");
        }
    }

    #[test]
    fn new_keys_are_not_alike_and_hide() {
        let [one, other] = [(); 2].map(|()| RootKey::generate().unwrap());
        assert_ne!(one.bytes(), other.bytes());
        assert_ne!(one.check_value(), other.check_value());
        assert_eq!(format!("{one:?}"), "RootKey(…)");
    }
}
