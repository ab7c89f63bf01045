use super::{Keyed, Repository, Scope, Which};
use crate::entity::Entity;
use crate::statement::{Filter, OrderBy, Select};
use crate::{Error, Executor};

/// A second row is enough to know that there are too many.
const ENOUGH: u64 = 2;

impl<E: Entity, S: Scope> Repository<E, S> {
    /// The row of this id, if there is one.
    ///
    /// # Errors
    /// As [`Select::fetch_opt`].
    pub async fn get(self, database: &impl Executor, id: E::Id) -> Result<Option<E>, Error>
    where
        E: Keyed,
    {
        self.query().filter(E::by_id(id)).fetch_opt(database).await
    }

    /// The row of this id.
    ///
    /// # Errors
    /// As [`get`](Self::get), and [`Error::NotFound`].
    pub async fn get_or_err(self, database: &impl Executor, id: E::Id) -> Result<E, Error>
    where
        E: Keyed,
    {
        self.get(database, id).await?.ok_or(Error::NotFound { entity: E::FACTS.table() })
    }

    /// The only row for which this holds, if there is one.
    ///
    /// # Errors
    /// As [`Select::fetch_opt`]: [`Error::RowCount`] if there are several, of which no more than two are read.
    pub async fn find_by(self, database: &impl Executor, filter: Filter<'_, E>) -> Result<Option<E>, Error> {
        self.query().filter(filter).limit(ENOUGH).fetch_opt(database).await
    }

    /// Rows in this order, no more than `limit`. There is no list without a bound: what has to be all of them is read page by
    /// page, or by a [`query`](Self::query) without a limit.
    ///
    /// # Errors
    /// As [`Select::fetch_all`].
    pub async fn list<'a>(
        self,
        database: &impl Executor,
        which: impl Which<'a, E>,
        order: impl OrderBy<E>,
        limit: u64,
    ) -> Result<Vec<E>, Error> {
        let rows = self.of_those(which).order_by(order).limit(limit);
        rows.fetch_all(database).await
    }

    /// Whether there is such a row.
    ///
    /// # Errors
    /// As [`Select::exists`].
    pub async fn exists<'a>(self, database: &impl Executor, which: impl Which<'a, E>) -> Result<bool, Error> {
        let rows = self.of_those(which);
        rows.exists(database).await
    }

    /// How many such rows there are.
    ///
    /// # Errors
    /// As [`Select::count`].
    pub async fn count<'a>(self, database: &impl Executor, which: impl Which<'a, E>) -> Result<i64, Error> {
        let rows = self.of_those(which);
        rows.count(database).await
    }

    fn of_those<'a>(self, which: impl Which<'a, E>) -> Select<'a, E> {
        self.query().and_if_some(which.filter(), |filter| filter)
    }
}
