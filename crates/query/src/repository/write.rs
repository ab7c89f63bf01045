use super::guard::{Deed, Guard, write_deleted_at};
use super::scope::deleted_at;
use super::{Keyed, OnlyDeleted, Repository, Scope, SoftDelete, Versioned, scope, violation};
use crate::entity::Entity;
use crate::statement::{Condition, Filter, NewRow, Writer, write_where};
use crate::{Error, Executor};

impl<E: Entity> Repository<E> {
    /// Inserts a row and gives it back whole, with what the server has made of it. `created` and `updated` are its `now()`.
    ///
    /// # Errors
    /// [`Error::Unique`] if another row has the same value, also one that is deleted softly; and as
    /// [`Insert::fetch_one`](crate::Insert::fetch_one).
    pub async fn insert(self, database: &impl Executor, row: &impl NewRow<E>) -> Result<E, Error> {
        let inserted = E::insert().values(row).fetch_one(database).await;
        violation::named(inserted, E::FACTS, database).await
    }

    /// Deletes the row of this id, whatever its version, and says whether there was one. Of an entity with `soft_delete` it
    /// gets the time of its deletion and stays in the table; one that has it already stays as it is.
    ///
    /// # Errors
    /// As [`Delete::execute`](crate::Delete::execute).
    pub async fn delete(self, database: &impl Executor, id: E::Id) -> Result<bool, Error>
    where
        E: Keyed,
    {
        match deleted_at(E::FACTS) {
            Some(_) => self.mark(id, " = now()", database).await,
            None => Ok(E::delete().filter(E::by_id(id)).execute(database).await? > 0),
        }
    }

    /// Deletes a row that was read, as [`delete`](Self::delete) does, if it is as it was then.
    ///
    /// # Errors
    /// [`Error::Conflict`], [`Error::NotFound`] and [`Error::Deleted`] as [`Change::save`](super::Change::save); and as
    /// [`delete`](Self::delete).
    pub async fn delete_row(self, database: &impl Executor, row: &E) -> Result<(), Error>
    where
        E: Versioned,
    {
        let deed = if deleted_at(E::FACTS).is_some() { Deed::Hide } else { Deed::Remove };
        Guard::of(row).run(deed, database).await.map(drop)
    }

    /// Makes a row that is deleted softly one like others again, and says whether there was one.
    ///
    /// # Errors
    /// [`Error::Unique`] if another row has taken a value meanwhile; and as [`Update::execute`](crate::Update::execute).
    pub async fn restore(self, database: &impl Executor, id: E::Id) -> Result<bool, Error>
    where
        E: Keyed + SoftDelete,
    {
        let restored = self.only_deleted().mark(id, " = null", database).await;
        violation::named(restored, E::FACTS, database).await
    }

    /// Takes a row that is deleted softly out of the table, and says whether there was one. A row that is not deleted stays.
    ///
    /// # Errors
    /// As [`Delete::execute`](crate::Delete::execute).
    pub async fn purge(self, database: &impl Executor, id: E::Id) -> Result<bool, Error>
    where
        E: Keyed + SoftDelete,
    {
        Ok(self.purge_by(database, E::by_id(id)).await? > 0)
    }

    /// Takes rows that are deleted softly out of the table, those for which this holds: `u::deleted_at.lt(then)`. Says how many.
    ///
    /// # Errors
    /// As [`Delete::execute`](crate::Delete::execute).
    pub async fn purge_by(self, database: &impl Executor, filter: Filter<'_, E>) -> Result<u64, Error>
    where
        E: SoftDelete,
    {
        let is_deleted = scope::condition::<OnlyDeleted>(E::FACTS).map(Filter::new);
        E::delete().filter(filter).and_if_some(is_deleted, |is_deleted| is_deleted).execute(database).await
    }
}

impl<E: Entity, S: Scope> Repository<E, S> {
    /// Gives the row of this id, if it sees it, another time of its deletion.
    async fn mark(self, id: E::Id, value: &'static str, database: &impl Executor) -> Result<bool, Error>
    where
        E: Keyed,
    {
        let conditions: Vec<Condition<'_>> =
            [E::by_id(id).condition].into_iter().chain(scope::condition::<S>(E::FACTS)).collect();
        let mut out = Writer::new();
        out.push("update ");
        out.push(E::FACTS.sql);
        out.push(" set ");
        write_deleted_at(E::FACTS, value, &mut out);
        write_where(&conditions, &mut out);
        let written = out.finish()?;
        Ok(database.execute(&written.text, &written.params()).await? > 0)
    }
}
