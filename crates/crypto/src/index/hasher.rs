//! HMAC-SHA256 (RFC 2104) of what a value is to an index.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::value::IndexValue;
use crate::keys::{Prk, Purpose};
use crate::spec::IndexShape;

const KEY: usize = 32;
const SALT: usize = 16;

/// An index's key, ready for use.
pub(crate) struct Hasher {
    mac: Hmac<Sha256>,
    /// Of argon2id, in slow indexes.
    salt: Zeroizing<[u8; SALT]>,
}

impl Hasher {
    pub(crate) fn new(prk: &Prk, purpose: &Purpose<'_>) -> Self {
        let mut key = Zeroizing::new([0; KEY + SALT]);
        prk.derive(purpose, &mut *key);
        let (mac, salt) = key.split_first_chunk::<KEY>().expect("48 bytes have a first 32");
        Self {
            mac: Hmac::new_from_slice(mac).expect("HMAC takes keys of any length"),
            salt: Zeroizing::new(*salt.first_chunk().expect("48 bytes have 16 behind the first 32")),
        }
    }

    /// What the index has for the value of these bytes.
    pub(crate) fn value(&self, index: &IndexShape<'_>, value: &[u8]) -> IndexValue {
        let hash = index.form.normalizer.with_normalized(value, |normalized| self.hash(index, normalized));
        match index.form.bits {
            0 => IndexValue::whole(hash),
            bits => IndexValue::beacon(hash, bits),
        }
    }

    fn hash(&self, index: &IndexShape<'_>, normalized: &[u8]) -> [u8; IndexValue::LEN] {
        match index.form.cost {
            None => self.mac(normalized),
            Some(cost) => {
                let mut slow = Zeroizing::new([0; 32]);
                crate::argon2id::hash(cost, normalized, &*self.salt, &mut *slow);
                self.mac(&*slow)
            }
        }
    }

    fn mac(&self, bytes: &[u8]) -> [u8; IndexValue::LEN] {
        let mac = self.mac.clone().chain_update(bytes);
        *mac.finalize().as_bytes().first_chunk().expect("32 bytes have a first 16")
    }
}
