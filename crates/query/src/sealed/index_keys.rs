//! Which key an index is under: the primary one of indexes, or one that it is kept under.

use std::collections::BTreeMap;

use pgkeel_crypto::{BlindIndex, Error as CryptoError, IndexValue, KeyId, KeyList, KeyState, Plain, Vault};

use super::envelope::Envelope;
use super::facts::SealedFacts;
use super::problem::SealedProblem;
use super::sealer::{SealedRow, Sealer, declared};
use crate::Error;
use crate::entity::Column;

/// Of those that are kept under one of their own, by table and column.
#[derive(Debug, Default)]
pub(super) struct IndexKeys(BTreeMap<(&'static str, &'static str), KeyId>);

impl Sealer {
    /// Keeps the blind index in this column under this key, whichever one is primary: it is written under it and looked for under it
    /// alone, by each struct that has the table by this name, also after the vault was [reloaded](Vault::reload). For a unique index
    /// that goes over to another key by a second column: the first one stays under the old key, or equal values under two keys would
    /// pass for different ones. The steps are in the documentation of `rotation` (feature `rotation`).
    ///
    /// ```
    /// use pgkeel_query::sealed::crypto::KeyId;
    /// use pgkeel_query::sealed::{Sealed, Sealer, Vault};
    /// use pgkeel_query::{Entity, Error};
    ///
    /// #[derive(Entity)]
    /// #[pgkeel(table = "app.users", columns = u)]
    /// struct User {
    ///     #[pgkeel(id, generated)]
    ///     id: i64,
    ///     #[pgkeel(sealed(
    ///         context = "app.users.email",
    ///         index(column = "email_bidx", normalize = "email", unique),
    ///         index(column = "email_bidx2", normalize = "email", unique)
    ///     ))]
    ///     email: Sealed<String>,
    /// }
    ///
    /// /// The key is of the settings, as is the keyring.
    /// fn sealer(vault: Vault, old: KeyId) -> Result<Sealer, Error> {
    ///     Sealer::new(vault).index_kept_under(u::email, "email_bidx", old)
    /// }
    /// # let _ = |user: User| (user.id, user.email);
    /// ```
    ///
    /// # Errors
    /// [`Error::Sealed`], with [`SealedProblem::NoIndex`] in it, or [`SealedProblem::IndexKey`] if the keyring has no such key of
    /// indexes, or has disabled it. Where a keyring without it is loaded later, what writes or looks for the index fails.
    pub fn index_kept_under<E: SealedRow, T: Envelope>(
        mut self,
        column: Column<E, T>,
        index: &str,
        key: KeyId,
    ) -> Result<Self, Error> {
        let (facts, _) = declared::<E, T>(column.facts())?;
        let kept = facts.indexes().iter().find(|known| known.column().name() == index);
        let kept = kept.ok_or_else(|| SealedProblem::NoIndex { column: facts.path() })?;
        let table = facts.entity().table();
        let unusable = |source| SealedProblem::IndexKey { index: format!("{table}.{index}"), source };
        check_usable(self.vault(), key).map_err(unusable)?;
        self.index_keys.0.insert((table, kept.column().name()), key);
        Ok(self)
    }

    /// What the index of this number has for a value now.
    pub(super) fn index<P: Plain>(
        &self,
        (facts, number): (&SealedFacts, usize),
        index: &BlindIndex<P>,
        value: &P::Borrowed,
        tenant: Option<&str>,
    ) -> Result<IndexValue, CryptoError> {
        match self.kept_under(facts, number) {
            Some(key) => self.vault().index_under(key, index, value, tenant),
            None => self.vault().index(index, value, tenant),
        }
    }

    /// What it may have.
    pub(super) fn candidates<P: Plain>(
        &self,
        (facts, number): (&SealedFacts, usize),
        index: &BlindIndex<P>,
        value: &P::Borrowed,
        tenant: Option<&str>,
    ) -> Result<Vec<IndexValue>, CryptoError> {
        match self.kept_under(facts, number) {
            Some(key) => Ok(vec![self.vault().index_under(key, index, value, tenant)?]),
            None => self.vault().lookup(index, value, tenant),
        }
    }

    fn kept_under(&self, facts: &SealedFacts, number: usize) -> Option<KeyId> {
        let index = facts.indexes()[number].column().name();
        self.index_keys.0.get(&(facts.entity().table(), index)).copied()
    }
}

fn check_usable(vault: &Vault, key: KeyId) -> Result<(), CryptoError> {
    let known =
        vault.keys().into_iter().find(|known| known.name.list == KeyList::Index && known.name.id == key);
    match known.map(|known| known.state) {
        None => Err(CryptoError::UnknownKey(key)),
        Some(KeyState::Disabled) => Err(CryptoError::DisabledKey(key)),
        Some(_) => Ok(()),
    }
}
