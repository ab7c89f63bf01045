use zeroize::{Zeroize as _, Zeroizing};

use super::xaes::{MessageKey, Xaes};
use super::{COMMITMENT, NONCE, Suite, TAG};

/// Why a body is not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It commits to another key.
    WrongKey,
    /// It was changed, or is bound to something else.
    Tampered,
}

/// A suite with a key.
pub(crate) enum Cipher {
    Xaes(Xaes),
    KcXaes(Xaes),
    #[cfg(feature = "siv")]
    Siv(super::siv::Siv),
}

impl Cipher {
    /// How many bytes of key a suite takes.
    pub(crate) const MOST_KEY: usize = 64;

    /// Derives the key by `fill`, which writes as many bytes as it is given.
    ///
    /// # Panics
    /// If the suite is not built: neither is there a column that seals with it then, nor is its header read.
    pub(crate) fn new(suite: Suite, fill: impl FnOnce(&mut [u8])) -> Self {
        let mut key = Zeroizing::new([0; Self::MOST_KEY]);
        let (half, _) = key.split_at_mut(Self::MOST_KEY / 2);
        match suite {
            Suite::Xaes256Gcm => {
                fill(half);
                Self::Xaes(Xaes::new(half))
            }
            Suite::KcXaes256Gcm => {
                fill(half);
                Self::KcXaes(Xaes::new(half))
            }
            #[cfg(feature = "siv")]
            Suite::Aes256Siv => {
                fill(&mut *key);
                Self::Siv(super::siv::Siv::new(&key))
            }
            #[cfg(not(feature = "siv"))]
            Suite::Aes256Siv => unreachable!("a suite that is not built"),
        }
    }

    /// Encrypts the text that stands in the body at the suite's place for it, and fills in the rest. `nonce` counts for suites
    /// that take one. If it cannot be encrypted, which takes 64 GiB, the text is overwritten.
    pub(crate) fn seal(&self, nonce: &[u8; NONCE], aad: &[u8], body: &mut [u8]) -> Result<(), Refusal> {
        let sealed = match self {
            Self::Xaes(xaes) => seal_xaes(xaes, nonce, aad, body),
            Self::KcXaes(xaes) => seal_kc_xaes(xaes, nonce, aad, body),
            #[cfg(feature = "siv")]
            Self::Siv(siv) => siv.seal(aad, body),
        };
        sealed.inspect_err(|_| body.zeroize())
    }

    /// Whether the body commits to this key, if it commits to one.
    pub(crate) fn check_key(&self, body: &[u8]) -> Result<(), Refusal> {
        match self {
            Self::KcXaes(xaes) => committed(xaes, body).map(drop),
            _ => Ok(()),
        }
    }

    /// The text of a body that is authentic, in an allocation of exactly its length.
    pub(crate) fn open(&self, aad: &[u8], body: &[u8]) -> Result<Vec<u8>, Refusal> {
        match self {
            Self::Xaes(xaes) => open_xaes(xaes, aad, body),
            Self::KcXaes(xaes) => open_kc_xaes(xaes, aad, body),
            #[cfg(feature = "siv")]
            Self::Siv(siv) => siv.open(aad, body),
        }
    }
}

fn seal_xaes(xaes: &Xaes, nonce: &[u8; NONCE], aad: &[u8], body: &mut [u8]) -> Result<(), Refusal> {
    let (place, rest) = body.split_first_chunk_mut::<NONCE>().ok_or(Refusal::Tampered)?;
    let (text, tag) = rest.split_last_chunk_mut::<TAG>().ok_or(Refusal::Tampered)?;
    *place = *nonce;
    *tag = xaes.message_key(nonce).encrypt(nonce, aad, text).ok_or(Refusal::Tampered)?;
    Ok(())
}

fn seal_kc_xaes(xaes: &Xaes, nonce: &[u8; NONCE], aad: &[u8], body: &mut [u8]) -> Result<(), Refusal> {
    let (place, rest) = body.split_first_chunk_mut::<NONCE>().ok_or(Refusal::Tampered)?;
    let (commitment, rest) = rest.split_first_chunk_mut::<COMMITMENT>().ok_or(Refusal::Tampered)?;
    let (text, tag) = rest.split_last_chunk_mut::<TAG>().ok_or(Refusal::Tampered)?;
    let (key, committed) = xaes.committed_key(nonce);
    *place = *nonce;
    *commitment = committed;
    *tag = key.encrypt(nonce, aad, text).ok_or(Refusal::Tampered)?;
    Ok(())
}

fn open_xaes(xaes: &Xaes, aad: &[u8], body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let (nonce, rest) = body.split_first_chunk::<NONCE>().ok_or(Refusal::Tampered)?;
    let (text, tag) = rest.split_last_chunk::<TAG>().ok_or(Refusal::Tampered)?;
    xaes.message_key(nonce).decrypt(nonce, aad, text, tag).ok_or(Refusal::Tampered)
}

fn open_kc_xaes(xaes: &Xaes, aad: &[u8], body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let (key, nonce, rest) = committed(xaes, body)?;
    let (text, tag) = rest.split_last_chunk::<TAG>().ok_or(Refusal::Tampered)?;
    key.decrypt(nonce, aad, text, tag).ok_or(Refusal::Tampered)
}

/// The key that a body commits to, with its nonce and what stands behind the commitment.
fn committed<'b>(xaes: &Xaes, body: &'b [u8]) -> Result<(MessageKey, &'b [u8; NONCE], &'b [u8]), Refusal> {
    use ctutils::CtEq as _;

    let (nonce, rest) = body.split_first_chunk::<NONCE>().ok_or(Refusal::Tampered)?;
    let (commitment, rest) = rest.split_first_chunk::<COMMITMENT>().ok_or(Refusal::Tampered)?;
    let (key, committed) = xaes.committed_key(nonce);
    if committed.ct_eq(commitment).to_bool() { Ok((key, nonce, rest)) } else { Err(Refusal::WrongKey) }
}
