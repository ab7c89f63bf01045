//! AES-256-SIV (RFC 5297, registered as `AEAD_AES_SIV_CMAC_512`): one component of associated data, no nonce.
//!
//! The body is the synthetic IV, then the encrypted text.

use aes_siv::KeyInit as _;
use aes_siv::siv::Aes256Siv;
use zeroize::Zeroizing;

use super::TAG;
use super::cipher::Refusal;
use crate::stack::wiped_after;

pub(crate) struct Siv(Box<Zeroizing<[u8; 64]>>);

impl Siv {
    pub(super) fn new(key: &[u8; 64]) -> Self {
        let mut kept = Box::new(Zeroizing::new([0; 64]));
        kept.copy_from_slice(key);
        Self(kept)
    }

    pub(super) fn seal(&self, aad: &[u8], body: &mut [u8]) -> Result<(), Refusal> {
        let (iv, text) = body.split_first_chunk_mut::<TAG>().ok_or(Refusal::Tampered)?;
        let synthetic = wiped_after(|| self.cipher().encrypt_inout_detached([aad], text.into()));
        *iv = synthetic.map_err(|_| Refusal::Tampered)?.into();
        Ok(())
    }

    pub(super) fn open(&self, aad: &[u8], body: &[u8]) -> Result<Vec<u8>, Refusal> {
        let (iv, text) = body.split_first_chunk::<TAG>().ok_or(Refusal::Tampered)?;
        let mut text = Zeroizing::new(text.to_vec());
        let buffer = text.as_mut_slice().into();
        let opened = wiped_after(|| self.cipher().decrypt_inout_detached([aad], buffer, &(*iv).into()));
        opened.map(|()| std::mem::take(&mut *text)).map_err(|_| Refusal::Tampered)
    }

    /// The crate's cipher is changed by each use, so it is made anew.
    fn cipher(&self) -> Aes256Siv {
        Aes256Siv::new((&**self.0).into())
    }
}
