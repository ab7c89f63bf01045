mod seal;
mod open;
mod index;
mod reseal;

use std::fmt;

use arc_swap::ArcSwap;

use crate::envelope::Header;
use crate::error::Error;
use crate::index::Hasher;
use crate::keys::{Cache, Cached, KeyList, KeyStatus, Keyring, Purpose, Task};
use crate::plain::Plain;
use crate::spec::ColumnShape;
use crate::suite::{Cipher, Suite};
use crate::{Column, KeyId, Sealed};

/// Seals and opens, with the keys of a [`Keyring`] that can be replaced at any time. To be shared: no call waits for another.
///
/// ```
/// # use pgkeel_crypto::{Column, Error, Place, Vault};
/// const NOTE: Column<String> = Column::new("app.notes.body");
///
/// fn round_trip(vault: &Vault, id: i64) -> Result<usize, Error> {
///     let sealed = vault.seal(&NOTE, "private", Place::row(id))?;
///     let opened = vault.open(&NOTE, &sealed, Place::row(id))?;
///     Ok(opened.expose().len())
/// }
/// ```
pub struct Vault {
    ring: ArcSwap<Ring>,
}

/// A keyring, and what has been derived of it.
struct Ring {
    keyring: Keyring,
    ciphers: Cache<Cipher>,
    hashers: Cache<Hasher>,
}

impl Vault {
    /// With the keys of this keyring.
    #[must_use]
    pub fn new(keyring: Keyring) -> Self {
        Self { ring: ArcSwap::from_pointee(Ring::new(keyring)) }
    }

    /// Replaces all keys at once. A call that is under way ends with those that it began with; what was derived of them is
    /// overwritten when the last of these has ended.
    pub fn reload(&self, keyring: Keyring) {
        self.ring.store(std::sync::Arc::new(Ring::new(keyring)));
    }

    /// Its keys: for health checks, and to see before a rotation that all instances have the new one.
    #[must_use]
    pub fn keys(&self) -> Vec<KeyStatus> {
        self.ring.load().keyring.keys().collect()
    }

    /// The first eight bytes of what is sealed in this column now: what begins otherwise is to be sealed anew
    /// (`substring(col from 1 for 8) <> $1`).
    #[must_use]
    pub fn prefix<T: Plain>(&self, column: &Column<T>) -> [u8; 8] {
        self.ring.load().header(&column.shape()).to_bytes()
    }

    /// Whether it was sealed otherwise than it would be now: under another key, with another suite, padded otherwise.
    #[must_use]
    pub fn needs_reseal<T: Plain>(&self, column: &Column<T>, sealed: &Sealed<T>) -> bool {
        !sealed.as_bytes().starts_with(&self.prefix(column))
    }
}

impl Ring {
    fn new(keyring: Keyring) -> Self {
        Self { keyring, ciphers: Cache::new(), hashers: Cache::new() }
    }

    fn header(&self, column: &ColumnShape<'_>) -> Header {
        let primary = self.keyring.list(KeyList::Seal).primary();
        column.header(primary.expect("a keyring has a primary key"))
    }

    /// The cipher for this suite, column and tenant under the key of this id.
    fn cipher(
        &self,
        key: KeyId,
        suite: Suite,
        column: &ColumnShape<'_>,
        tenant: Option<&str>,
    ) -> Result<Cached<'_, Cipher>, Error> {
        let &ColumnShape { context, is_constant, .. } = column;
        let purpose = Purpose { task: Task::Seal(suite), context, tenant, is_constant };
        self.ciphers.get(key, &purpose, || {
            let prk = self.keyring.list(KeyList::Seal).named(key)?;
            Ok(Cipher::new(suite, |bytes| prk.derive(&purpose, bytes)))
        })
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("keys", &self.keys()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
