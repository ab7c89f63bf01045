//! Rows by the values of their sealed columns: what their blind indexes have for these.

use pgkeel_crypto::{Error as CryptoError, IndexValue, Plain as _};

use super::envelope::Envelope;
use super::facts::{IndexFacts, SealedFacts};
use super::place::{RowPlace, tenant_name};
use super::plaintext::PlainValue;
use super::problem::SealedProblem;
use super::sealer::{SealedRow, Sealer, declared};
use crate::Error;
use crate::bind::{BindType, Held};
use crate::entity::{Column, Entity};
use crate::relation::Source;
use crate::statement::{Condition, Filter, Operator, Term};

impl Sealer {
    /// Rows whose value of this column is equal, by the first of its blind indexes: as that one's normaliser has it, under each key of
    /// indexes, or the one that it is [kept under](Self::index_kept_under). The column may be one of an [alias](crate::relation::Alias).
    ///
    /// Of an index with `bits` there are other rows among them: [`matches`](Self::matches) tells which are meant.
    ///
    /// # Errors
    /// [`Error::Sealed`], with [`SealedProblem::NoIndex`] or [`SealedProblem::Lookup`] in it.
    pub fn lookup<S: Source<Entity: SealedRow>, T: Envelope>(
        &self,
        column: Column<S, T>,
        value: impl PlainValue<T::Plain>,
    ) -> Result<Filter<'static, S>, Error> {
        self.found(column, |_| true, value, None)
    }

    /// As [`lookup`](Self::lookup), by the index in this column: of a column that has several.
    ///
    /// # Errors
    /// As `lookup`.
    pub fn lookup_by<S: Source<Entity: SealedRow>, T: Envelope>(
        &self,
        column: Column<S, T>,
        index: &str,
        value: impl PlainValue<T::Plain>,
    ) -> Result<Filter<'static, S>, Error> {
        self.found(column, |known| known.column().name() == index, value, None)
    }

    /// As [`lookup`](Self::lookup), of a column with `per_tenant`: rows of this tenant.
    ///
    /// # Errors
    /// As `lookup`; and [`SealedProblem::NoTenant`].
    pub fn lookup_of<S: Source<Entity: SealedRow>, T: Envelope>(
        &self,
        column: Column<S, T>,
        tenant: &impl BindType,
        value: impl PlainValue<T::Plain>,
    ) -> Result<Filter<'static, S>, Error> {
        let name = tenant_name(tenant).ok_or(SealedProblem::NoTenant { table: S::Entity::FACTS.table() })?;
        self.found(column, |_| true, value, Some(&name))
    }

    /// As [`lookup_by`](Self::lookup_by), of a column with `per_tenant`: rows of this tenant.
    ///
    /// # Errors
    /// As `lookup`; and [`SealedProblem::NoTenant`].
    pub fn lookup_by_of<S: Source<Entity: SealedRow>, T: Envelope>(
        &self,
        column: Column<S, T>,
        index: &str,
        tenant: &impl BindType,
        value: impl PlainValue<T::Plain>,
    ) -> Result<Filter<'static, S>, Error> {
        let name = tenant_name(tenant).ok_or(SealedProblem::NoTenant { table: S::Entity::FACTS.table() })?;
        self.found(column, |known| known.column().name() == index, value, Some(&name))
    }

    /// Whether the value of this column is the one that is meant, as the normaliser of its first blind index has it: to be asked of
    /// what [`lookup`](Self::lookup) has found by an index with `bits`. A missing value is none. It takes no key of indexes, and no time if
    /// the index is slow.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`SealedProblem::NoIndex`].
    pub fn matches<E: SealedRow, T: Envelope>(
        &self,
        row: &E,
        column: Column<E, T>,
        value: impl PlainValue<T::Plain>,
    ) -> Result<bool, Error> {
        let (facts, values) = declared::<E, T>(column.facts())?;
        let cell = row.cell(column.facts().name()).and_then(|cell| cell.downcast_ref::<T>());
        let Some(sealed) = cell.and_then(Envelope::sealed) else { return Ok(false) };
        let place = RowPlace::of_row(row, facts)?;
        let opened = place.lend(facts, |place| self.opened((facts, values), sealed, place))?;
        let whole = values.indexes.first().ok_or_else(|| SealedProblem::NoIndex { column: facts.path() })?;
        let meant = value.waiting();
        Ok(meant.value().is_some_and(|meant| whole.are_equal(opened.expose().lend(), meant)))
    }

    fn found<S: Source<Entity: SealedRow>, T: Envelope>(
        &self,
        column: Column<S, T>,
        which: impl Fn(&IndexFacts) -> bool,
        value: impl PlainValue<T::Plain>,
        tenant: Option<&str>,
    ) -> Result<Filter<'static, S>, Error> {
        let (facts, values) = declared::<S::Entity, T>(column.facts())?;
        let number = facts.indexes().iter().position(which);
        let number = number.ok_or_else(|| SealedProblem::NoIndex { column: facts.path() })?;
        let (index, value) = (values.indexed(facts, number), value.waiting());
        let found =
            value.value().map(|value| self.candidates((facts, number), &index, value, tenant)).transpose();
        let found = found.map_err(lookup(facts))?.unwrap_or_default();
        let found: Vec<Vec<u8>> = found.iter().map(IndexValue::as_bytes).map(<[u8]>::to_vec).collect();
        let index = facts.indexes()[number].column();
        let term = Column::<S, T>::under(index, column.table).term();
        Ok(Filter::new(Condition::Compare(term, Operator::EqualAny, Term::Value(Held::of(found), index))))
    }
}

fn lookup(facts: &SealedFacts) -> impl Fn(CryptoError) -> SealedProblem {
    |source| SealedProblem::Lookup { column: facts.path(), source }
}
