//! What becomes of a row: here, in the worker.

use pgkeel_crypto::{Error, KeyId, KeyList, KeyState, KeyStatus, Place, Vault};

use super::Cell;
use crate::rotation::cells::key_of;
use crate::rotation::column::shown;
use crate::rotation::inspect::Target;
use crate::rotation::job::Job;
use crate::rotation::key::Key;
use crate::rotation::plaintext::Plaintext;
use crate::rotation::plan::Plan;
use crate::rotation::{FailureClass, RotationProblem, SealedColumn, SealedIndex};

/// What is written of a row.
pub(in crate::rotation) struct Change<'b> {
    pub(in crate::rotation) cell: &'b Cell,
    /// Its envelope, if that is written.
    pub(in crate::rotation) envelope: Option<Vec<u8>>,
    /// What its indexes have, as far as they are written.
    pub(in crate::rotation) indexes: Vec<Option<Vec<u8>>>,
}

/// Why nothing is.
pub(in crate::rotation) enum Refused {
    /// The row is left as it is, and told of.
    Row(FailureClass),
    /// It is no row's fault: the worker ends.
    All(RotationProblem),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            Error::NoRandomness(_) | Error::NoIndexKey => Self::All(RotationProblem::NotSealed(error)),
            error => Self::Row(FailureClass::of(&error)),
        }
    }
}

/// What makes changes of rows.
pub(in crate::rotation) struct Maker<'m> {
    pub(in crate::rotation) vault: &'m Vault,
    pub(in crate::rotation) column: &'m SealedColumn,
    pub(in crate::rotation) target: &'m Target,
    pub(in crate::rotation) plan: &'m Plan<'m>,
    pub(in crate::rotation) job: Job,
    /// Nothing is changed, but for what ends the worker.
    pub(in crate::rotation) only_looks: bool,
}

impl Maker<'_> {
    /// What becomes of a row; `None` if it is as it should be.
    ///
    /// # Errors
    /// If it does not open, or the vault has another primary key than the rotation's by now, or no randomness.
    pub(in crate::rotation) fn change<'b>(&self, cell: &'b Cell) -> Result<Option<Change<'b>>, Refused> {
        match self.plan {
            Plan::Reseal => self.resealed(cell).map(Some),
            Plan::Reindex { index, is_unique } => self.reindexed(index, *is_unique, cell),
            Plan::Adopt { plaintext, indexes } => self.adopted(plaintext, indexes, cell).map(Some),
            Plan::Clear { plaintext } => self.cleared(plaintext, cell).map(Some),
        }
    }

    fn resealed<'b>(&self, cell: &'b Cell) -> Result<Change<'b>, Refused> {
        let old = cell.sealed()?;
        let new = self.in_place(cell, |place| self.vault.reseal(&self.column.spec, old, place))?;
        let Some(new) = new else {
            // It is as the vault would seal it by now, and was not when the batch was read.
            return Err(self.other_primary(old));
        };
        self.check_primary(&new)?;
        Ok(Change { cell, envelope: Some(new), indexes: Vec::new() })
    }

    fn reindexed<'b>(
        &self,
        index: &SealedIndex,
        is_unique: bool,
        cell: &'b Cell,
    ) -> Result<Option<Change<'b>>, Refused> {
        let before = cell.other.expose();
        if cell.envelope.is_none() {
            return Ok(before.is_some().then(|| Change { cell, envelope: None, indexes: vec![None] }));
        }
        let old = cell.sealed()?;
        let made = self.index_value(index, self.job.to_key, old, cell)?;
        match before {
            Some(before) if *before == made => return Ok(None),
            Some(before) if is_unique => self.check_no_other_key(index, before, old, cell)?,
            _ => {}
        }
        if self.only_looks {
            return Ok(None);
        }
        Ok(Some(Change { cell, envelope: None, indexes: vec![Some(made)] }))
    }

    /// Two keys in one unique index would let in what is there already, under the other one.
    fn check_no_other_key(
        &self,
        index: &SealedIndex,
        before: &[u8],
        envelope: &[u8],
        cell: &Cell,
    ) -> Result<(), Refused> {
        let is_other = |known: &KeyStatus| {
            let is_read = known.state != KeyState::Disabled;
            known.name.list == KeyList::Index && is_read && known.name.id != self.job.to_key
        };
        for known in self.vault.keys().into_iter().filter(is_other) {
            let found = known.name.id;
            if self.index_value(index, found, envelope, cell)? == before {
                let column = format!("{}.{}", shown(&self.column.table), index.column.name());
                return Err(Refused::All(RotationProblem::UniqueInPlace { column, found }));
            }
        }
        Ok(())
    }

    fn adopted<'b>(
        &self,
        plaintext: &Plaintext,
        indexes: &[SealedIndex],
        cell: &'b Cell,
    ) -> Result<Change<'b>, Refused> {
        let value = plaintext.plain(cell.plaintext())?;
        let seal = |place: Place<'_>| self.vault.seal_bytes(&self.column.spec, value.expose(), place);
        let envelope = self.in_place(cell, seal)?;
        self.check_primary(&envelope)?;
        let mut made = Vec::with_capacity(indexes.len());
        for index in indexes {
            let key = index_key(self.vault).ok_or(Error::NoIndexKey)?;
            made.push(Some(self.index_value(index, key, &envelope, cell)?));
        }
        Ok(Change { cell, envelope: Some(envelope), indexes: made })
    }

    fn cleared<'b>(&self, plaintext: &Plaintext, cell: &'b Cell) -> Result<Change<'b>, Refused> {
        let value = plaintext.plain(cell.plaintext())?;
        let sealed = cell.sealed()?;
        let is_same = self
            .in_place(cell, |place| self.vault.opens_to(&self.column.spec, sealed, value.expose(), place))?;
        if !is_same {
            return Err(Refused::Row(FailureClass::Differs));
        }
        Ok(Change { cell, envelope: None, indexes: Vec::new() })
    }

    fn index_value(
        &self,
        index: &SealedIndex,
        key: KeyId,
        envelope: &[u8],
        cell: &Cell,
    ) -> Result<Vec<u8>, Error> {
        let Self { vault, column, .. } = self;
        let made = placed(column, &cell.key, cell.tenant.as_deref(), |place| {
            vault.reindex_under(key, &column.spec, &index.spec, envelope, place)
        });
        made.map(|value| value.as_bytes().to_vec())
    }

    fn in_place<R>(&self, cell: &Cell, with: impl FnOnce(Place<'_>) -> R) -> R {
        in_place(self.column, &cell.key, cell.tenant.as_deref(), with)
    }

    fn check_primary(&self, envelope: &[u8]) -> Result<(), Refused> {
        let is_to_key = key_of(envelope) == Some(self.job.to_key);
        is_to_key.then_some(()).ok_or_else(|| self.other_primary(envelope))
    }

    fn other_primary(&self, envelope: &[u8]) -> Refused {
        let found = key_of(envelope).expect("what is sealed names its key");
        Refused::All(RotationProblem::OtherPrimary { to_key: self.job.to_key, found })
    }
}

/// The primary key of indexes.
pub(in crate::rotation) fn index_key(vault: &Vault) -> Option<KeyId> {
    let is_primary =
        |known: &KeyStatus| known.name.list == KeyList::Index && known.state == KeyState::Primary;
    vault.keys().into_iter().find(is_primary).map(|known| known.name.id)
}

/// Does what takes the place of a column's cell: with what its values are bound to, and nothing else.
pub(in crate::rotation) fn in_place<R>(
    column: &SealedColumn,
    key: &Key,
    tenant: Option<&str>,
    call: impl FnOnce(Place<'_>) -> R,
) -> R {
    placed(column, key, tenant.filter(|_| column.spec.is_tenant_bound()), call)
}

fn placed<R>(column: &SealedColumn, key: &Key, tenant: Option<&str>, call: impl FnOnce(Place<'_>) -> R) -> R {
    key.with_row_id(|row| {
        let place = if column.spec.is_row_bound() { Place::row(row) } else { Place::any_row() };
        call(tenant.map_or(place, |tenant| place.tenant(tenant)))
    })
}
