//! Keys made of a root key: HKDF-SHA256 (RFC 5869).

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use super::{CheckValue, RootKey};
use crate::column::MOST_CONTEXT;
use crate::envelope::MOST_TENANT;
use crate::fixed_buffer::{FixedBuffer, Full};
use crate::index::{Form, MOST_NAME};
use crate::stack::wiped_after;
use crate::suite::Suite;

const SALT: &[u8] = b"pgkeel.root.1";

/// The pseudorandom key of a root key.
pub(crate) struct Prk(Box<Zeroizing<[u8; 32]>>);

impl Prk {
    pub(super) fn new(root: &RootKey) -> Self {
        let mut prk = Box::new(Zeroizing::new([0; 32]));
        wiped_after(|| {
            let (mut extracted, _) = Hkdf::<Sha256>::extract(Some(SALT), root.bytes());
            prk.copy_from_slice(&extracted);
            extracted.as_mut_slice().zeroize();
        });
        Self(prk)
    }

    /// Fills `key`, of at most 255 times 32 bytes, with what is derived for this purpose.
    pub(crate) fn derive(&self, purpose: &Purpose<'_>, key: &mut [u8]) {
        self.expand(purpose.info().as_slice(), key);
    }

    pub(super) fn check_value(&self) -> CheckValue {
        let mut value = [0; CheckValue::LEN];
        wiped_after(|| self.expand(b"kcv\0", &mut value));
        CheckValue::new(value)
    }

    fn expand(&self, info: &[u8], key: &mut [u8]) {
        let hkdf = Hkdf::<Sha256>::from_prk(&**self.0).expect("a key as long as the hash");
        hkdf.expand(info, key).expect("a few bytes");
    }
}

/// What a key is derived for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Purpose<'t> {
    pub(crate) task: Task<'t>,
    pub(crate) context: &'t str,
    pub(crate) tenant: Option<&'t str>,
    /// Whether its names are constants of the program.
    pub(crate) is_constant: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Task<'t> {
    /// To seal and open a column's values.
    Seal(Suite),
    /// To index them: under this name, normalised and cut as the form says.
    Index { name: &'t str, form: Form },
}

/// Purpose, suite and form.
const MOST_FIXED: usize = 32;

type Info = FixedBuffer<{ MOST_FIXED + 2 + MOST_CONTEXT + 2 + MOST_NAME + 2 + MOST_TENANT }>;

impl Purpose<'_> {
    /// As the `info` of HKDF: different purposes are different bytes.
    fn info(&self) -> Info {
        let mut info = Info::new();
        self.write(&mut info).expect("names are not longer than they may be");
        info
    }

    fn write(&self, info: &mut Info) -> Result<(), Full> {
        match self.task {
            Task::Seal(suite) => {
                info.push(if suite.is_randomized() { b"seal\0" } else { b"siv\0" })?;
                info.push(&[suite.code()])?;
                info.push_prefixed(self.context.as_bytes())?;
            }
            Task::Index { name, form } => {
                info.push(b"bidx\0")?;
                info.push_prefixed(self.context.as_bytes())?;
                info.push_prefixed(name.as_bytes())?;
                info.push(&form.to_bytes())?;
            }
        }
        self.tenant.map_or(Ok(()), |tenant| info.push_prefixed(tenant.as_bytes()))
    }
}
