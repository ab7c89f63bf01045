use super::{Keyed, Repository, Visibility, Which};
use crate::entity::Entity;
use crate::statement::{Filter, OrderBy, Select};
use crate::{Error, Executor};

/// A second row is enough to know that there are too many.
const ENOUGH: u64 = 2;

impl<E: Entity, S: Visibility> Repository<E, S> {
    /// The row of this id, if there is one.
    ///
    /// # Errors
    /// As [`Select::fetch_opt`].
    #[track_caller]
    pub fn get(self, database: &impl Executor, id: E::Id) -> impl Future<Output = Result<Option<E>, Error>>
    where
        E: Keyed,
    {
        self.query().filter(E::by_id(id)).fetch_opt(database)
    }

    /// The row of this id.
    ///
    /// # Errors
    /// As [`get`](Self::get), and [`Error::NotFound`].
    #[track_caller]
    pub fn get_or_err(self, database: &impl Executor, id: E::Id) -> impl Future<Output = Result<E, Error>>
    where
        E: Keyed,
    {
        let found = self.get(database, id);
        async move { found.await?.ok_or(Error::NotFound { entity: E::FACTS.table() }) }
    }

    /// The only row for which this holds, if there is one.
    ///
    /// # Errors
    /// As [`Select::fetch_opt`]: [`Error::RowCount`] if there are several, of which no more than two are read.
    #[track_caller]
    pub fn find_by(
        self,
        database: &impl Executor,
        filter: Filter<'_, E>,
    ) -> impl Future<Output = Result<Option<E>, Error>> {
        self.query().filter(filter).limit(ENOUGH).fetch_opt(database)
    }

    /// Rows in this order, no more than `limit`. There is no list without a bound: what has to be all of them is read page by
    /// page, or by a [`query`](Self::query) without a limit.
    ///
    /// # Errors
    /// As [`Select::fetch_all`].
    #[track_caller]
    pub fn list<'a>(
        self,
        database: &impl Executor,
        which: impl Which<'a, E>,
        order: impl OrderBy<E> + 'a,
        limit: u64,
    ) -> impl Future<Output = Result<Vec<E>, Error>> {
        self.of_those(which).order_by(order).limit(limit).fetch_all(database)
    }

    /// Whether there is such a row.
    ///
    /// # Errors
    /// As [`Select::exists`].
    #[track_caller]
    pub fn exists<'a>(
        self,
        database: &impl Executor,
        which: impl Which<'a, E>,
    ) -> impl Future<Output = Result<bool, Error>> {
        self.of_those(which).exists(database)
    }

    /// How many such rows there are.
    ///
    /// # Errors
    /// As [`Select::count`].
    #[track_caller]
    pub fn count<'a>(
        self,
        database: &impl Executor,
        which: impl Which<'a, E>,
    ) -> impl Future<Output = Result<i64, Error>> {
        self.of_those(which).count(database)
    }

    fn of_those<'a>(self, which: impl Which<'a, E>) -> Select<'a, E> {
        self.query().and_if_some(which.filter(), |filter| filter)
    }
}
