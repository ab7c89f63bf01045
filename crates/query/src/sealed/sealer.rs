use std::any::Any;
use std::fmt;
use std::sync::Arc;

use pgkeel_crypto::{Place, Plain, Sealed, Secret, Vault};

use super::envelope::Envelope;
use super::facts::{SealedFacts, SealedValues, of_column};
use super::ids::Drawn;
use super::index_keys::IndexKeys;
use super::place::RowPlace;
use super::problem::SealedProblem;
use crate::bind::Bind;
use crate::entity::{Column, ColumnFacts, Entity};
use crate::repository::UniqueViolation;
use crate::statement::Site;
use crate::{Error, Executor};

const OF_BLOCK: u16 = 100;

/// Seals what is written and opens what was read, with the keys of a [`Vault`]: one for a database, shared by all.
///
/// It keeps the ids that it has drawn for rows that are yet to be inserted, by table. So of tables that are named without their
/// schema, it is for one search path; and where a sequence is set back (`truncate … restart identity`), the ids that are left are drawn
/// again: an insert into a repository that meets such a row fails by [`SealedProblem::IdTaken`], and the sealer forgets the others.
pub struct Sealer {
    vault: Arc<Vault>,
    pub(super) index_keys: IndexKeys,
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
        Self {
            vault: vault.into(),
            index_keys: IndexKeys::default(),
            ids: Drawn::default(),
            of_block: OF_BLOCK,
        }
    }

    /// How many ids are drawn from a sequence in one round trip, 100 if nothing is said; 0 is as 1. One insert in so many waits for that
    /// round trip. Those that are left when the program ends are lost, as are those of transactions that are rolled back: sequences
    /// have gaps.
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

    pub(super) fn opened<P: Plain>(
        &self,
        (facts, values): Declared<P>,
        sealed: &Sealed<P>,
        place: Place<'_>,
    ) -> Result<Secret<P>, SealedProblem> {
        let opened = self.vault.open(&values.column, sealed, place);
        opened.map_err(|source| SealedProblem::Open { column: facts.path(), source })
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

pub(super) type Declared<P> = (&'static SealedFacts, &'static SealedValues<P>);

pub(super) fn declared<E: SealedRow, T: Envelope>(
    column: &ColumnFacts,
) -> Result<Declared<T::Plain>, SealedProblem> {
    let facts = of_column::<E>(column);
    let found = facts.and_then(|facts| Some((facts, facts.values_of::<T::Plain>()?)));
    found.ok_or_else(|| undeclared::<E>(column))
}

pub(crate) fn undeclared<E: Entity>(column: &ColumnFacts) -> SealedProblem {
    SealedProblem::Undeclared { column: format!("{}.{}", E::FACTS.table(), column.name()) }
}

/// Its keys, without their bytes.
impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer")
            .field("vault", &self.vault)
            .field("index_keys", &self.index_keys)
            .finish_non_exhaustive()
    }
}
