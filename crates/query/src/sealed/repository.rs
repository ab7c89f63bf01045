use std::fmt;
use std::ops::Deref;
use std::panic::Location;

use super::sealer::{SealedRow, Sealer};
use crate::entity::Entity;
use crate::repository::{Repository, named};
use crate::statement::{Insert, NewRow};
use crate::{Error, Executor};

/// A [`Repository`] that seals what it inserts, by [`Repository::sealed_by`]. It finds, lists and deletes as that does.
pub struct SealedRepository<'s, E> {
    repository: Repository<E>,
    sealer: &'s Sealer,
}

impl<E: Entity> Repository<E> {
    /// With what values of sealed columns are sealed with when rows are inserted.
    #[must_use]
    pub const fn sealed_by(self, sealer: &Sealer) -> SealedRepository<'_, E>
    where
        E: SealedRow,
    {
        SealedRepository { repository: self, sealer }
    }
}

impl<'s, E: SealedRow> SealedRepository<'s, E> {
    /// Inserts a row and gives it back whole, as [`Repository::insert`] does. The values of sealed columns are sealed before they are
    /// sent. An id that is generated is drawn from its sequence first: many at once, for later inserts too.
    ///
    /// # Errors
    /// As `Repository::insert`, and [`Error::Sealed`]. A blind index that is unique is [`Error::Unique`] of the sealed column; an id that
    /// was drawn and is there is [`SealedProblem::IdTaken`](super::SealedProblem::IdTaken). Outside of a transaction the row stays that came
    /// back with another id or tenant, [`SealedProblem::Elsewhere`](super::SealedProblem::Elsewhere).
    ///
    /// # Cancellation
    /// Dropping the future does as the executor says; ids that were being drawn are lost.
    #[track_caller]
    pub fn insert<'a>(
        self,
        database: &'a impl Executor,
        row: &'a impl NewRow<E>,
    ) -> impl Future<Output = Result<E, Error>>
    where
        's: 'a,
    {
        let at = Location::caller();
        let insert: Insert<'a, E> = E::insert();
        let insert = insert.sealed_by(self.sealer).values(row);
        let has_drawn_id = insert.has_drawn_id();
        async move {
            let inserted = insert.fetch_in_place(database, at).await;
            match named::<E, _>(inserted, &database.called_at(at)).await {
                Err(Error::Unique(violation)) if has_drawn_id && violation.is_of_id::<E>() => {
                    Err(self.sealer.id_taken::<E>(violation).into())
                }
                inserted => inserted,
            }
        }
    }
}

impl<E> Deref for SealedRepository<'_, E> {
    type Target = Repository<E>;

    fn deref(&self) -> &Repository<E> {
        &self.repository
    }
}

impl<E> Clone for SealedRepository<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for SealedRepository<'_, E> {}

impl<E: SealedRow> fmt::Debug for SealedRepository<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedRepository").field("repository", &self.repository).finish_non_exhaustive()
    }
}
