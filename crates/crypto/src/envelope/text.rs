//! Envelopes in columns of text, and wherever bytes cannot go.

use base64ct::{Base64UrlUnpadded, Encoding as _};

use super::{MOST, Malformed};

const PREFIX: &str = "pgk1.";

/// An envelope's bytes as text: `pgk1.` and base64url without padding (RFC 4648, 5).
#[must_use]
pub fn to_text(envelope: &[u8]) -> String {
    format!("{PREFIX}{}", Base64UrlUnpadded::encode_string(envelope))
}

/// The bytes of an envelope that was written as text, and in no other way. Whether they are an envelope is not looked at.
///
/// # Errors
/// [`Malformed::Text`]; [`Malformed::TooLong`].
pub fn from_text(text: &str) -> Result<Vec<u8>, Malformed> {
    let encoded = text.strip_prefix(PREFIX).ok_or(Malformed::Text)?;
    if encoded.len() / 4 * 3 > MOST {
        return Err(Malformed::TooLong);
    }
    Base64UrlUnpadded::decode_vec(encoded).map_err(|_| Malformed::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_it_was_written_and_in_no_other_way() {
        assert_eq!(to_text(b"\xc1\x12\xff"), "pgk1.wRL_");
        assert_eq!(from_text("pgk1.wRL_").unwrap(), b"\xc1\x12\xff");
        for wrong in ["wRL_", "pgk2.wRL_", "pgk1.wRL/", "pgk1.wRI=", "pgk1.wRL_ ", "pgk1.wRJ", "PGK1.wRL_"] {
            assert_eq!(from_text(wrong), Err(Malformed::Text), "{wrong}");
        }
    }
}
