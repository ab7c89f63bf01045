use std::panic::Location;

use super::guard::{Deed, Guard, write_deleted_at};
use super::visibility::deleted_at;
use super::{Keyed, OnlyDeleted, Repository, SoftDelete, Versioned, Visibility, violation, visibility};
use crate::entity::Entity;
use crate::statement::{Condition, Filter, NewRow, Writer, number, write_where};
use crate::{Error, Executor};

impl<E: Entity> Repository<E> {
    /// Inserts a row and gives it back whole, with what the server has made of it. `created` and `updated` are its `now()`.
    ///
    /// # Errors
    /// [`Error::Unique`] if another row has the same value, also one that is deleted softly; and as
    /// [`Insert::fetch_one`](crate::Insert::fetch_one).
    #[track_caller]
    pub fn insert(
        self,
        database: &impl Executor,
        row: &impl NewRow<E>,
    ) -> impl Future<Output = Result<E, Error>> {
        let (inserted, at) = (E::insert().values(row).fetch_one(database), Location::caller());
        async move { violation::named::<E, _>(inserted.await, &database.called_at(at)).await }
    }

    /// Deletes the row of this id, whatever its version, and says whether there was one. Of an entity with `soft_delete` it
    /// gets the time of its deletion and stays in the table; one that has it already stays as it is.
    ///
    /// # Errors
    /// As [`Delete::execute`](crate::Delete::execute).
    #[track_caller]
    pub fn delete(self, database: &impl Executor, id: E::Id) -> impl Future<Output = Result<bool, Error>>
    where
        E: Keyed,
    {
        let verb = if deleted_at(E::FACTS).is_some() { Verb::Mark(" = now()") } else { Verb::Remove };
        self.with_id(verb, id, database, Location::caller())
    }

    /// Deletes a row that was read, as [`delete`](Self::delete) does, if it is as it was then.
    ///
    /// # Errors
    /// [`Error::Conflict`], [`Error::NotFound`] and [`Error::Deleted`] as [`Change::save`](super::Change::save); and as
    /// [`delete`](Self::delete).
    #[track_caller]
    pub fn delete_row(self, database: &impl Executor, row: &E) -> impl Future<Output = Result<(), Error>>
    where
        E: Versioned,
    {
        let deed = if deleted_at(E::FACTS).is_some() { Deed::Hide } else { Deed::Remove };
        let (guard, at) = (Guard::of(row), Location::caller());
        async move { guard.run(deed, database, at).await.map(drop) }
    }

    /// Makes a row that is deleted softly one like others again, and says whether there was one.
    ///
    /// # Errors
    /// [`Error::Unique`] if another row has taken a value meanwhile; and as [`Update::execute`](crate::Update::execute).
    #[track_caller]
    pub fn restore(self, database: &impl Executor, id: E::Id) -> impl Future<Output = Result<bool, Error>>
    where
        E: Keyed + SoftDelete,
    {
        let at = Location::caller();
        let restored = self.only_deleted().with_id(Verb::Mark(" = null"), id, database, at);
        async move { violation::named::<E, _>(restored.await, &database.called_at(at)).await }
    }

    /// Takes a row that is deleted softly out of the table, and says whether there was one. A row that is not deleted stays.
    ///
    /// # Errors
    /// As [`Delete::execute`](crate::Delete::execute).
    #[track_caller]
    pub fn purge(self, database: &impl Executor, id: E::Id) -> impl Future<Output = Result<bool, Error>>
    where
        E: Keyed + SoftDelete,
    {
        self.only_deleted().with_id(Verb::Remove, id, database, Location::caller())
    }

    /// Takes rows that are deleted softly out of the table, those for which this holds: `u::deleted_at.lt(then)`. Says how many.
    ///
    /// # Errors
    /// As [`Delete::execute`](crate::Delete::execute).
    #[track_caller]
    pub fn purge_by(
        self,
        database: &impl Executor,
        filter: Filter<'_, E>,
    ) -> impl Future<Output = Result<u64, Error>>
    where
        E: SoftDelete,
    {
        let is_deleted = visibility::condition::<OnlyDeleted>(E::FACTS).map(Filter::<E>::new);
        E::delete().filter(filter).and_if_some(is_deleted, |is_deleted| is_deleted).execute(database)
    }
}

/// What becomes of a row.
#[derive(Clone, Copy)]
enum Verb {
    /// It gets this time of its deletion.
    Mark(&'static str),
    Remove,
}

impl<E: Entity, S: Visibility> Repository<E, S> {
    /// Does that with the row of this id, if the repository sees it, and says whether it did.
    async fn with_id(
        self,
        verb: Verb,
        id: E::Id,
        database: &impl Executor,
        at: &'static Location<'static>,
    ) -> Result<bool, Error>
    where
        E: Keyed,
    {
        let mut conditions: Vec<Condition<'_>> = vec![E::by_id(id).condition];
        conditions.extend(visibility::condition::<S>(E::FACTS));
        let mut out = Writer::new();
        out.push(if matches!(verb, Verb::Remove) { "delete from " } else { "update " });
        out.push(E::FACTS.sql);
        if let Verb::Mark(value) = verb {
            out.push(" set ");
            write_deleted_at(E::FACTS, value, &mut out);
        }
        write_where(&conditions, &mut out);
        let ready = out.finish()?.ready()?;
        Ok(number(&ready, database, at).await? > 0)
    }
}
