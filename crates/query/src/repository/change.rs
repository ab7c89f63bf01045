use std::fmt;
use std::panic::Location;

use super::guard::{Deed, Guard};
use super::{Keyed, violation};
use crate::entity::{Column, NumberValue, RowValue, ValueOf};
use crate::row::read_one;
#[cfg(feature = "sealed")]
use crate::sealed::{RowPlace, SealedRow, Sealer};
use crate::statement::Assignments;
use crate::{Error, Executor};

/// A change of a row that was read, by [`Entity::change`](crate::Entity::change): columns that nothing is said of stay as they
/// are in the table.
///
/// Of an entity with a `version` the row is changed only if it is as it was when it was read. Of what is said of a column
/// twice, the last counts.
///
/// ```
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{Entity, Error};
///
/// #[derive(Clone, Entity)]
/// #[pgkeel(table = "app.users", columns = u, version = "version")]
/// struct User {
///     #[pgkeel(id)]
///     id: i64,
///     name: Option<String>,
///     version: i32,
/// }
///
/// async fn rename(db: &impl Executor, user: &User, name: &str) -> Result<User, Error> {
///     match user.change().set(u::name, name).save(db).await {
///         Err(Error::Conflict { .. }) => {
///             let user = User::repo().get_or_err(db, user.id).await?; // Somebody else was faster.
///             user.change().set(u::name, name).save(db).await
///         }
///         done => done,
///     }
/// }
/// # let _ = |user: User| (user.name, user.version);
/// ```
#[must_use = "a change is made by `save`"]
pub struct Change<'a, E> {
    row: &'a E,
    assignments: Assignments<'a>,
    #[cfg(feature = "sealed")]
    seal: Option<Seal<'a, E>>,
}

/// What to seal with, and how the place of the row is told.
#[cfg(feature = "sealed")]
struct Seal<'a, E> {
    sealer: &'a Sealer,
    place: fn(&Assignments<'a>, &E) -> Result<RowPlace, Error>,
}

impl<'a, E: Keyed> Change<'a, E> {
    pub(crate) const fn of(row: &'a E) -> Self {
        Self {
            row,
            assignments: Assignments::new(),
            #[cfg(feature = "sealed")]
            seal: None,
        }
    }

    /// The column gets this value; one that is sealed takes the plaintext.
    pub fn set<T>(mut self, column: Column<E, T>, value: impl RowValue<T> + 'a) -> Self {
        self.assignments.give::<E>(column.facts, value.hold());
        self
    }

    /// The column gets this value, if there is one.
    pub fn set_if_some<T>(self, column: Column<E, T>, value: Option<impl RowValue<T> + 'a>) -> Self {
        match value {
            Some(value) => self.set(column, value),
            None => self,
        }
    }

    /// The column becomes NULL.
    pub fn set_null<T>(mut self, column: Column<E, Option<T>>) -> Self {
        self.assignments.set_null::<E>(column.facts);
        self
    }

    /// Values of sealed columns are sealed with this before they are sent.
    #[cfg(feature = "sealed")]
    pub fn sealed_by(mut self, sealer: &'a Sealer) -> Self
    where
        E: SealedRow,
    {
        self.seal = Some(Seal { sealer, place: |assignments, row| assignments.place_of_changed(row) });
        self
    }

    /// What it sets, as it is sent.
    #[cfg(feature = "sealed")]
    fn sealed(self) -> Result<Assignments<'a>, Error> {
        let mut assignments = self.assignments;
        assignments.check_stays::<E>()?;
        if assignments.is_unsealed() {
            let Some(Seal { sealer, place }) = &self.seal else { return Err(assignments.no_sealer::<E>()) };
            let place = place(&assignments, self.row)?;
            assignments.seal_at::<E>(sealer, &place)?;
        }
        Ok(assignments)
    }

    #[cfg(not(feature = "sealed"))]
    #[expect(clippy::unnecessary_wraps, reason = "as with the feature")]
    fn sealed(self) -> Result<Assignments<'a>, Error> {
        Ok(self.assignments)
    }

    /// The column becomes so much more, counted by the server; where it is NULL it stays NULL.
    pub fn add<T: NumberValue>(mut self, column: Column<E, T>, value: impl ValueOf<T> + 'a) -> Self {
        self.assignments.add(column.facts, value);
        self
    }

    /// Changes the row, and gives it back as it is now: `updated` is `now()`, the version one more. If no column was said,
    /// nothing is sent, and the row is given back as it was read.
    ///
    /// It is one statement, whatever comes of it. While another transaction has the row, it waits.
    ///
    /// # Errors
    /// - [`Error::Conflict`]: the row was changed since it was read. Read it again, and say the change anew.
    /// - [`Error::NotFound`], [`Error::Deleted`]: there is none any more.
    /// - [`Error::Unique`]: another row has the same value of a column that was set.
    /// - As [`Update::fetch_one`](crate::Update::fetch_one). In a transaction of `repeatable read` or `serializable` a row that
    ///   was changed since that began is the server's `40001`, which [is safe to retry](Error::is_safe_to_retry), as always.
    #[track_caller]
    pub fn save(self, database: &impl Executor) -> impl Future<Output = Result<E, Error>>
    where
        E: Clone,
    {
        let at = Location::caller();
        async move {
            if self.assignments.is_empty() {
                return Ok(self.row.clone());
            }
            let guard = Guard::of(self.row);
            let changed = guard.run(Deed::Set(&self.sealed()?), database, at).await;
            read_one(&violation::named::<E, _>(changed, &database.called_at(at)).await?)
        }
    }
}

/// Which columns are changed, without values.
impl<E> fmt::Debug for Change<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.assignments.iter().map(|assignment| assignment.column.path);
        f.debug_tuple("Change").field(&columns.collect::<Vec<_>>()).finish()
    }
}
