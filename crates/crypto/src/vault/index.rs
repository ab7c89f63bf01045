use super::{Ring, Vault};
use crate::error::Error;
use crate::index::Hasher;
use crate::keys::{KeyList, Purpose, Task};
use crate::plain::Plain;
use crate::spec::IndexShape;
use crate::{BlindIndex, IndexValue, KeyId};

impl Vault {
    /// What an index has for a value, under the primary key of indexes: to be stored beside the sealed value. `tenant` is named
    /// for indexes that are bound to tenants. It allocates nothing, but for the normalised value; one that is slow computes for as
    /// long as its cost says, and takes that memory.
    ///
    /// # Errors
    /// [`Error::NoIndexKey`]; [`Error::Misplaced`] if there is a tenant where there should be none, or none where there should be one.
    pub fn index<T: Plain>(
        &self,
        index: &BlindIndex<T>,
        value: &T::Borrowed,
        tenant: Option<&str>,
    ) -> Result<IndexValue, Error> {
        let ring = self.ring.load();
        let primary = ring.keyring.list(KeyList::Index).primary().ok_or(Error::NoIndexKey)?;
        ring.index(primary, index, value, tenant)
    }

    /// What an index has for a value under this key of indexes, be it primary or not: for a unique index that goes over to another key
    /// by a second column, and stays under its own key until then.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] and [`Error::DisabledKey`] if the keyring has to be mended; [`Error::Misplaced`] as of
    /// [`index`](Self::index).
    pub fn index_under<T: Plain>(
        &self,
        key: KeyId,
        index: &BlindIndex<T>,
        value: &T::Borrowed,
        tenant: Option<&str>,
    ) -> Result<IndexValue, Error> {
        self.ring.load().index(key, index, value, tenant)
    }

    /// What an index may have for a value, under each key of indexes that is not disabled: to be looked for (`= any($1)`) while its
    /// rows go over from one key to another. One value for each key.
    ///
    /// # Errors
    /// As [`index`](Self::index).
    pub fn lookup<T: Plain>(
        &self,
        index: &BlindIndex<T>,
        value: &T::Borrowed,
        tenant: Option<&str>,
    ) -> Result<Vec<IndexValue>, Error> {
        let ring = self.ring.load();
        let keys = ring.keyring.list(KeyList::Index);
        keys.primary().ok_or(Error::NoIndexKey)?;
        keys.reading().map(|key| ring.index(key, index, value, tenant)).collect()
    }
}

impl Ring {
    fn index<T: Plain>(
        &self,
        key: KeyId,
        index: &BlindIndex<T>,
        value: &T::Borrowed,
        tenant: Option<&str>,
    ) -> Result<IndexValue, Error> {
        T::with_bytes(value, |bytes| self.index_bytes(key, &index.shape(), bytes, tenant))
    }

    pub(super) fn index_bytes(
        &self,
        key: KeyId,
        index: &IndexShape<'_>,
        value: &[u8],
        tenant: Option<&str>,
    ) -> Result<IndexValue, Error> {
        index.check_tenant(tenant)?;
        let &IndexShape { context, name, is_constant, form, .. } = index;
        let purpose = Purpose { task: Task::Index { name, form }, context, tenant, is_constant };
        let hasher = self.hashers.get(key, &purpose, || {
            let prk = self.keyring.list(KeyList::Index).named(key)?;
            Ok(Hasher::new(prk, &purpose))
        });
        Ok(hasher?.value(index, value))
    }
}
