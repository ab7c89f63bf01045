use std::any::Any;
use std::fmt;
use std::sync::Arc;

use pgkeel_crypto::{Error as CryptoError, IndexValue, Place, Plain, Sealed, Secret, Vault};

use super::envelope::Envelope;
use super::facts::{IndexFacts, SealedFacts, SealedValues, of_column};
use super::ids::Drawn;
use super::place::{RowPlace, tenant_name};
use super::plaintext::PlainValue;
use super::problem::SealedProblem;
use crate::bind::{Bind, BindType, Held};
use crate::entity::{Column, ColumnFacts, Entity};
use crate::relation::Source;
use crate::repository::UniqueViolation;
use crate::statement::{Condition, Filter, Operator, Site, Term};
use crate::{Error, Executor};

const OF_BLOCK: u16 = 100;

/// Seals what is written and opens what was read, with the keys of a [`Vault`]: one for a database, shared by all.
///
/// It keeps the ids that it has drawn for rows that are yet to be inserted, by table. So of tables that are named without their
/// schema, it is for one search path; and where a sequence is set back (`truncate … restart identity`), the ids that are left are drawn
/// again: an insert into a repository that meets such a row fails by [`SealedProblem::IdTaken`], and the sealer forgets the others.
pub struct Sealer {
    vault: Arc<Vault>,
    ids: Drawn,
    of_block: u16,
}

/// An entity with sealed columns, by `#[pgkeel(sealed(…))]` of a field.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no sealed column",
    label = "no field of it is sealed",
    note = "say `#[pgkeel(sealed(context = \"…\"))]` of a field that is a `Sealed<…>`"
)]
pub trait SealedRow: Entity {
    /// No public interface: the envelope of a sealed column.
    #[doc(hidden)]
    fn cell(&self, column: &str) -> Option<&dyn Any>;

    /// No public interface: the parts of its id.
    #[doc(hidden)]
    fn each_id(&self, put: &mut dyn FnMut(&dyn Bind));

    /// No public interface: whose row it is, if values are bound to that.
    #[doc(hidden)]
    fn tenant(&self) -> Option<&dyn Bind>;
}

impl Sealer {
    /// With the keys of this vault, or of one that others use besides (`Arc<Vault>`).
    #[must_use]
    pub fn new(vault: impl Into<Arc<Vault>>) -> Self {
        Self { vault: vault.into(), ids: Drawn::default(), of_block: OF_BLOCK }
    }

    /// How many ids are drawn from a sequence in one round trip, 100 if nothing is said; 0 is as 1. Those that are left when the
    /// program ends are lost, as are those of transactions that are rolled back: sequences have gaps.
    #[must_use]
    pub fn ids_per_draw(self, ids: u16) -> Self {
        Self { of_block: ids.max(1), ..self }
    }

    /// The keys, to be [reloaded](Vault::reload).
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The value that is in this column of a row that was read; of a missing one `None`. Row and tenant are those of the row.
    ///
    /// # Errors
    /// [`Error::Sealed`], [`SealedProblem::Open`] in it: the source says whether a key is missing, or it is not what was stored here.
    pub fn open<E: SealedRow, T: Envelope>(&self, row: &E, column: Column<E, T>) -> Result<T::Opened, Error> {
        let (facts, values) = declared::<E, T>(column.facts())?;
        let cell = row.cell(column.facts().name()).and_then(|cell| cell.downcast_ref::<T>());
        let cell = cell.ok_or_else(|| undeclared::<E>(column.facts()))?;
        Ok(cell.try_opened(|sealed| {
            let place = RowPlace::of_row(row, facts)?;
            place.lend(facts, |place| self.opened((facts, values), sealed, place))
        })?)
    }

    /// As [`open`](Self::open), of a value that was read without its row, as one of some columns: `Place::row(id)` says where it was, and
    /// with `per_tenant` `.tenant("name")` whose that is.
    ///
    /// ```
    /// # use pgkeel_query::connect::Executor;
    /// # use pgkeel_query::sealed::{Sealed, Sealer, crypto::Place};
    /// # use pgkeel_query::{Entity, Error};
    /// # #[derive(Entity)]
    /// # #[pgkeel(table = "app.users", columns = u)]
    /// # struct User {
    /// #     #[pgkeel(id, generated)]
    /// #     id: i64,
    /// #     #[pgkeel(sealed(context = "app.users.email"))]
    /// #     email: Sealed<String>,
    /// # }
    /// async fn mail_everybody(db: &impl Executor, sealer: &Sealer) -> Result<(), Error> {
    ///     for (id, email) in User::select((u::id, u::email)).fetch_all(db).await? {
    ///         let email = sealer.open_at(&email, u::email, Place::row(id))?;
    ///         mail(email.expose());
    ///     }
    ///     Ok(())
    /// }
    /// # fn mail(_: &str) {}
    /// # let _ = |user: User| (user.id, user.email);
    /// ```
    ///
    /// # Errors
    /// As `open`; also if the place says more or less than what the column's values are bound to.
    pub fn open_at<E: SealedRow, T: Envelope>(
        &self,
        cell: &T,
        column: Column<E, T>,
        place: Place<'_>,
    ) -> Result<T::Opened, Error> {
        let declared = declared::<E, T>(column.facts())?;
        Ok(cell.try_opened(|sealed| self.opened(declared, sealed, place))?)
    }

    /// Rows whose value of this column is equal, by the first of its blind indexes: as that one's normaliser has it, under each key of
    /// indexes. The column may be one of an [alias](crate::relation::Alias).
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
    /// what [`lookup`](Self::lookup) has found by an index with `bits`. A missing value is none.
    ///
    /// # Errors
    /// As [`open`](Self::open) and `lookup`.
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
        let (meant, mut indexed) = (value.waiting(), Vec::with_capacity(2));
        for value in [Some(opened.expose().lend()), meant.value()].into_iter().flatten() {
            indexed.push(self.vault.index(whole, value, place.tenant(facts)).map_err(lookup(facts))?);
        }
        Ok(matches!(indexed[..], [opened, meant] if opened == meant))
    }

    fn opened<P: Plain>(
        &self,
        (facts, values): Declared<P>,
        sealed: &Sealed<P>,
        place: Place<'_>,
    ) -> Result<Secret<P>, SealedProblem> {
        let opened = self.vault.open(&values.column, sealed, place);
        opened.map_err(|source| SealedProblem::Open { column: facts.path(), source })
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
        let found = value.value().map(|value| self.vault.lookup(&index, value, tenant)).transpose();
        let found = found.map_err(lookup(facts))?.unwrap_or_default();
        let found: Vec<Vec<u8>> = found.iter().map(IndexValue::as_bytes).map(<[u8]>::to_vec).collect();
        let index = facts.indexes()[number].column();
        let term = Column::<S, T>::under(index, column.table).term();
        Ok(Filter::new(Condition::Compare(term, Operator::EqualAny, Term::Value(Held::of(found), index))))
    }

    /// An id for a row that is yet to be inserted.
    pub(crate) async fn next_id(
        &self,
        facts: &SealedFacts,
        database: &impl Executor,
        site: Site,
    ) -> Result<i64, Error> {
        self.ids.next(facts, self.of_block, database, site).await
    }

    /// What is to be said of a row that has the id of a new one, if that one was drawn.
    pub(super) fn id_taken<E: SealedRow>(&self, violation: UniqueViolation) -> SealedProblem {
        let facts = E::SEALED[0];
        self.ids.forget(facts);
        SealedProblem::IdTaken { table: E::FACTS.table(), id: facts.ids()[0].name(), source: violation }
    }
}

type Declared<P> = (&'static SealedFacts, &'static SealedValues<P>);

fn declared<E: SealedRow, T: Envelope>(column: &ColumnFacts) -> Result<Declared<T::Plain>, SealedProblem> {
    let facts = of_column::<E>(column);
    let found = facts.and_then(|facts| Some((facts, facts.values_of::<T::Plain>()?)));
    found.ok_or_else(|| undeclared::<E>(column))
}

pub(crate) fn undeclared<E: Entity>(column: &ColumnFacts) -> SealedProblem {
    SealedProblem::Undeclared { column: format!("{}.{}", E::FACTS.table(), column.name()) }
}

fn lookup(facts: &SealedFacts) -> impl Fn(CryptoError) -> SealedProblem {
    |source| SealedProblem::Lookup { column: facts.path(), source }
}

/// Its keys, without their bytes.
impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("vault", &self.vault).finish_non_exhaustive()
    }
}
