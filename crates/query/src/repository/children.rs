//! Rows that belong to other rows: those of many at once, by one statement.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::panic::Location;

use tokio_postgres::Row;
use tokio_postgres::types::FromSqlOwned;

use super::{Keyed, Repository, Visibility};
use crate::bind::Held;
use crate::entity::{Column, ColumnFacts, ColumnValue, Entity};
use crate::relation::Holds;
use crate::row::RowReader;
use crate::statement::{Condition, Filter, Operator, OrderBy, Select, Term};
use crate::{Error, Executor};

/// So many keys go with one statement, as one array. It bounds what a message and a plan have to hold; more are asked for in parts.
const MOST_KEYS: usize = 10_000;

/// What a column holds that refers to a `K`: a `K`, or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "a column of `{Self}` does not refer to rows that are known by a `{K}`",
    label = "no reference to a `{K}`",
    note = "the column has the type of the id that it refers to, or an `Option` of it"
)]
pub trait RefersTo<K> {}

#[diagnostic::do_not_recommend]
impl<K> RefersTo<K> for K {}
#[diagnostic::do_not_recommend]
impl<K> RefersTo<K> for Option<K> {}

/// What rows are told apart by that belong to others: the type of an id of one column.
#[diagnostic::on_unimplemented(
    message = "rows are not looked for by a `{Self}`",
    label = "no id of one column",
    note = "it is a value of a column that can be read, hashed and compared: integers, texts, `Uuid`s"
)]
pub trait Key: ColumnValue + FromSqlOwned + Hash + Eq + Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<K: ColumnValue + FromSqlOwned + Hash + Eq + Clone + Send + Sync + 'static> Key for K {}

/// Rows of the entity `C` by a column of theirs that refers to other rows: [`Entity::by`].
#[must_use = "it is given to `load_many`, `load_one` or `load_by_key`"]
pub struct By<'a, C, T> {
    column: &'static ColumnFacts,
    rows: Select<'a, C>,
    of: PhantomData<fn() -> T>,
}

impl<E: Entity, S: Visibility> Repository<E, S> {
    /// The rows that it sees, by a column of theirs that refers to other rows.
    pub fn by<'a, T>(self, column: Column<E, T>) -> By<'a, E, T> {
        By { column: column.facts, rows: self.query(), of: PhantomData }
    }
}

impl<'a, C: Entity, T> By<'a, C, T> {
    /// Rows for which this holds, besides all that was said before.
    pub fn filter<F, At>(mut self, filter: Filter<'a, F>) -> Self
    where
        C: Holds<F, At>,
    {
        self.rows = self.rows.filter(filter);
        self
    }

    /// In this order, those of each row that they belong to. Else they come in any order.
    pub fn order_by<F, At>(mut self, order: impl OrderBy<F> + 'a) -> Self
    where
        C: Holds<F, At>,
    {
        self.rows = self.rows.order_by(order);
        self
    }

    /// Rows with their keys, as they come.
    async fn of_keys<K: Key>(
        &self,
        keys: &[K],
        database: &impl Executor,
        at: &'static Location<'static>,
    ) -> Result<Vec<(K, C)>, Error> {
        let mut seen = HashSet::with_capacity(keys.len());
        let keys: Vec<&K> = keys.iter().filter(|key| seen.insert(*key)).collect();
        let mut found = Vec::new();
        for (part, keys) in keys.chunks(MOST_KEYS).enumerate() {
            let keys = Term::Value(Held::of(keys.to_vec()), self.column);
            let of_these = Condition::Compare(Term::Column(self.column), Operator::EqualAny, keys);
            let rows = self.rows.clone().filter(Filter::<C>::new(of_these));
            // However many parts there are, it is one call.
            self.read(&rows.fetch_rows(database, at, part == 0).await?, &mut found)?;
        }
        Ok(found)
    }

    fn read<K: Key>(&self, rows: &[Row], into: &mut Vec<(K, C)>) -> Result<(), Error> {
        let Some(first) = rows.first() else { return Ok(()) };
        let mut reader = RowReader::<C>::new(first.columns())?;
        // The entity has a field of it, as there is a constant for the column.
        let place = first.columns().iter().position(|column| column.name() == self.column.name);
        let place = place.unwrap_or(first.columns().len());
        for row in rows {
            let of = reader.read(row)?;
            let key = row.try_get(place);
            let key = key.map_err(|source| pgkeel_connect::Error::Decode { column: place, source })?;
            into.push((key, of));
        }
        Ok(())
    }
}

impl<C: Entity, T> fmt::Debug for By<'_, C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("By")
            .field("column", &self.column.path)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

/// The rows that belong to each of these, in the order of these: all by one statement, where a loop takes one for each.
///
/// More than 10 000 different ids are asked for in parts of that many, one behind the other; in a transaction of `repeatable read`
/// they are of one moment. How many rows belong to each is not bounded here. Rows that are deleted softly are left out, unless
/// the repository that [`by`](Repository::by) is called of says otherwise.
///
/// ```
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{Entity, Error, load_many};
///
/// #[derive(Entity)]
/// #[pgkeel(table = "users", columns = u)]
/// struct User {
///     #[pgkeel(id)]
///     id: i64,
///     name: String,
/// }
///
/// #[derive(Clone, Entity)]
/// #[pgkeel(table = "posts", columns = p)]
/// struct Post {
///     #[pgkeel(id)]
///     id: i64,
///     user_id: Option<i64>,
///     title: String,
/// }
///
/// async fn titles(db: &impl Executor, users: &[User]) -> Result<Vec<String>, Error> {
///     let posts = load_many(users, Post::by(p::user_id).order_by(p::id.asc()), db).await?;
///     let of_each = users.iter().zip(posts);
///     Ok(of_each.map(|(user, posts)| format!("{}: {} posts", user.name, posts.len())).collect())
/// }
/// # let _ = |post: Post| (post.user_id, post.title);
/// ```
///
/// A column of another type than the id's does not compile.
///
/// # Errors
/// As [`Select::fetch_all`].
///
/// # Cancellation
/// Dropping the future does as the executor says: see [`Executor`]. Nothing is kept.
#[track_caller]
pub fn load_many<P, C, T>(
    parents: &[P],
    by: By<'_, C, T>,
    database: &impl Executor,
) -> impl Future<Output = Result<Vec<Vec<C>>, Error>>
where
    P: Keyed<Id: Key>,
    C: Entity + Clone,
    T: RefersTo<P::Id>,
{
    let at = Location::caller();
    let ids: Vec<P::Id> = parents.iter().map(Keyed::id).collect();
    async move { Ok(grouped(&ids, by.of_keys(&ids, database, at).await?)) }
}

/// The rows of each id, in the order of the ids. Only those of an id that is there more than once are copied.
fn grouped<K: Key, C: Clone>(ids: &[K], found: Vec<(K, C)>) -> Vec<Vec<C>> {
    // Of each id how many ask for its rows, and the rows.
    let mut groups: HashMap<&K, (usize, Vec<C>)> = HashMap::with_capacity(ids.len());
    for id in ids {
        groups.entry(id).or_default().0 += 1;
    }
    for (key, row) in found {
        if let Some((_, rows)) = groups.get_mut(&key) {
            rows.push(row);
        }
    }
    let take = |id: &K| match groups.get_mut(id) {
        Some((asking, rows)) if *asking > 1 => {
            *asking -= 1;
            rows.clone()
        }
        Some((_, rows)) => std::mem::take(rows),
        None => Vec::new(),
    };
    ids.iter().map(take).collect()
}

/// The row that belongs to each of these, if there is one, in the order of these: as [`load_many`], where there is no more than one
/// of each.
///
/// # Errors
/// As [`load_many`], and [`Error::RowCount`] if there are several of one.
///
/// # Cancellation
/// As [`load_many`].
#[track_caller]
pub fn load_one<P, C, T>(
    parents: &[P],
    by: By<'_, C, T>,
    database: &impl Executor,
) -> impl Future<Output = Result<Vec<Option<C>>, Error>>
where
    P: Keyed<Id: Key>,
    C: Entity + Clone,
    T: RefersTo<P::Id>,
{
    let only = |mut rows: Vec<C>| match rows.len() {
        0 | 1 => Ok(rows.pop()),
        found => Err(Error::RowCount { expected: "at most one row of each", found }),
    };
    let loaded = load_many(parents, by, database);
    async move { loaded.await?.into_iter().map(only).collect() }
}

/// The rows of these keys, each by its key: those that rows at hand refer to. Keys may be there more than once.
///
/// ```
/// # use pgkeel_query::connect::Executor;
/// # use pgkeel_query::{Entity, Error, load_by_key};
/// # #[derive(Entity)]
/// # #[pgkeel(table = "users", columns = u)]
/// # struct User { #[pgkeel(id)] id: i64, name: String }
/// # #[derive(Entity)]
/// # #[pgkeel(table = "posts", columns = p)]
/// # struct Post { #[pgkeel(id)] id: i64, user_id: i64 }
/// async fn authors(db: &impl Executor, posts: &[Post]) -> Result<Vec<String>, Error> {
///     let users = load_by_key(posts.iter().map(|post| post.user_id), User::by(u::id), db).await?;
///     Ok(posts.iter().filter_map(|post| users.get(&post.user_id)).map(|user| user.name.clone()).collect())
/// }
/// # let _ = |post: Post| post.id;
/// ```
///
/// # Errors
/// As [`load_many`], and [`Error::RowCount`] if there are several rows of one key.
///
/// # Cancellation
/// As [`load_many`].
#[track_caller]
pub fn load_by_key<K, C, T>(
    keys: impl IntoIterator<Item = K>,
    by: By<'_, C, T>,
    database: &impl Executor,
) -> impl Future<Output = Result<HashMap<K, C>, Error>>
where
    K: Key,
    C: Entity,
    T: RefersTo<K>,
{
    let (keys, at) = (keys.into_iter().collect::<Vec<K>>(), Location::caller());
    async move {
        let found = by.of_keys(&keys, database, at).await?;
        let mut rows = HashMap::with_capacity(found.len());
        for (key, row) in found {
            if rows.insert(key, row).is_some() {
                return Err(Error::RowCount { expected: "at most one row of each", found: 2 });
            }
        }
        Ok(rows)
    }
}
