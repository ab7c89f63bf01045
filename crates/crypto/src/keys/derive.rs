//! Keys made of a root key: HKDF-SHA256 (RFC 5869).

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use super::{CheckValue, RootKey};
use crate::column::MOST_CONTEXT;
use crate::envelope::MOST_TENANT;
use crate::fixed_buffer::{FixedBuffer, Full};
use crate::index::MOST_NAME;
use crate::suite::Suite;

const SALT: &[u8] = b"pgkeel.root.1";

/// The pseudorandom key of a root key.
pub(crate) struct Prk(Box<Zeroizing<[u8; 32]>>);

impl Prk {
    pub(super) fn new(root: &RootKey) -> Self {
        let (mut extracted, _) = Hkdf::<Sha256>::extract(Some(SALT), root.bytes());
        let mut prk = Box::new(Zeroizing::new([0; 32]));
        prk.copy_from_slice(&extracted);
        extracted.as_mut_slice().zeroize();
        Self(prk)
    }

    /// Fills `key`, of at most 255 times 32 bytes, with what is derived for this purpose.
    pub(crate) fn derive(&self, purpose: &Purpose, key: &mut [u8]) {
        let hkdf = Hkdf::<Sha256>::from_prk(&**self.0).expect("a key as long as the hash");
        hkdf.expand(purpose.as_slice(), key).expect("a few bytes");
    }

    pub(super) fn check_value(&self) -> CheckValue {
        let mut value = [0; CheckValue::LEN];
        self.derive(&Purpose::check_value(), &mut value);
        CheckValue::new(value)
    }
}

/// Purpose, suite and form.
const MOST_FIXED: usize = 32;

type Info = FixedBuffer<{ MOST_FIXED + 2 + MOST_CONTEXT + 2 + MOST_NAME + 2 + MOST_TENANT }>;

/// What a key is derived for, as the `info` of HKDF. Different purposes are different bytes.
pub(crate) struct Purpose(Info);

impl Purpose {
    fn check_value() -> Self {
        Self::written(|purpose| purpose.push(b"kcv\0"))
    }

    /// To seal and open a column's values, all of them or those of a tenant.
    pub(crate) fn seal(suite: Suite, context: &str, tenant: Option<&str>) -> Self {
        Self::written(|purpose| {
            purpose.push(if suite.is_randomized() { b"seal\0" } else { b"siv\0" })?;
            purpose.push(&[suite.code()])?;
            purpose.push_prefixed(context.as_bytes())?;
            tenant.map_or(Ok(()), |tenant| purpose.push_prefixed(tenant.as_bytes()))
        })
    }

    /// To index a column's values: `form` says how they are normalised, and what comes out.
    pub(crate) fn index(context: &str, name: &str, form: &[u8], tenant: Option<&str>) -> Self {
        Self::written(|purpose| {
            purpose.push(b"bidx\0")?;
            purpose.push_prefixed(context.as_bytes())?;
            purpose.push_prefixed(name.as_bytes())?;
            purpose.push(form)?;
            tenant.map_or(Ok(()), |tenant| purpose.push_prefixed(tenant.as_bytes()))
        })
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        self.0.as_slice()
    }

    fn written(write: impl FnOnce(&mut Info) -> Result<(), Full>) -> Self {
        let mut info = FixedBuffer::new();
        write(&mut info).expect("names are not longer than they may be");
        Self(info)
    }
}
