//! One key: encrypts, and tells what it has encrypted from all else.
//!
//! Each cursor has a key of its own, derived from the secret (HKDF, RFC 5869) and from what the cursor says (a synthetic value
//! as in SIV, RFC 5297): so no number used once has to be drawn, none can be used twice for different texts, and equal
//! positions are equal cursors for as long as they expire at the same second. What is encrypted is authenticated by
//! ChaCha20-Poly1305 (RFC 8439), whose tag ring compares in constant time.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::hmac;

use super::WeakKey;

/// RFC 2104 advises as many as the hash has.
const LEAST: usize = 32;
const DOMAIN: &[u8] = b"pgkeel cursor 1";
pub(super) const ID: usize = 4;
pub(super) const SYNTHETIC: usize = 16;

/// A key of the caller's.
#[derive(Clone)]
pub(super) struct Secret {
    root: Prk,
    synthetic: hmac::Key,
    pub(super) id: [u8; ID],
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Secret {
    pub(super) fn new(secret: &[u8]) -> Result<Self, WeakKey> {
        let weak = WeakKey { bytes: secret.len() };
        if secret.len() < LEAST {
            return Err(weak);
        }
        let root = Salt::new(HKDF_SHA256, DOMAIN).extract(secret);
        Self::derived(root).map_err(|Unspecified| weak)
    }

    fn derived(root: Prk) -> Result<Self, Unspecified> {
        let synthetic = root.expand(&[b"synthetic"], hmac::HMAC_SHA256)?.into();
        let mut id = [0; ID];
        root.expand(&[b"id"], Length(ID))?.fill(&mut id)?;
        Ok(Self { root, synthetic, id })
    }

    /// Encrypts in place and appends the tag; gives back what the key was derived from.
    pub(super) fn seal(&self, header: &[u8], text: &mut Vec<u8>) -> Result<[u8; SYNTHETIC], Unspecified> {
        let mut context = hmac::Context::with_key(&self.synthetic);
        context.update(header);
        context.update(text);
        let mut synthetic = [0; SYNTHETIC];
        synthetic.copy_from_slice(&context.sign().as_ref()[..SYNTHETIC]);
        let key = self.key(&synthetic)?;
        key.seal_in_place_append_tag(Self::nonce(), Aad::from(header), text)?;
        Ok(synthetic)
    }

    /// What was encrypted, if it was so with this key and this header.
    pub(super) fn open<'t>(
        &self,
        header: &[u8],
        synthetic: &[u8],
        text: &'t mut [u8],
    ) -> Result<&'t [u8], Unspecified> {
        let key = self.key(synthetic)?;
        Ok(key.open_in_place(Self::nonce(), Aad::from(header), text)?)
    }

    fn key(&self, synthetic: &[u8]) -> Result<LessSafeKey, Unspecified> {
        let info = [b"seal".as_slice(), synthetic];
        let key: UnboundKey = self.root.expand(&info, &CHACHA20_POLY1305)?.into();
        Ok(LessSafeKey::new(key))
    }

    /// Each key is used for one text.
    fn nonce() -> Nonce {
        Nonce::assume_unique_for_key([0; 12])
    }
}
