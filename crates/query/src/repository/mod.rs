//! Repositories: what is done with rows of an entity day by day, each in one call and one statement.

mod capability;
mod visibility;
mod which;
mod read;
mod write;
mod guard;
mod change;
mod children;
mod violation;

use std::fmt;
use std::marker::PhantomData;

pub use self::capability::{Keyed, SoftDelete, Tenanted, Versioned};
pub use self::change::Change;
pub use self::children::{By, Key, RefersTo, load_by_key, load_many, load_one};
pub use self::violation::UniqueViolation;
#[cfg(feature = "sealed")]
pub(crate) use self::violation::named;
pub use self::visibility::{Live, OnlyDeleted, Visibility, WithDeleted};
pub use self::which::Which;

use crate::entity::Entity;
use crate::statement::{Filter, Select};

/// The rows of the entity `E`: found, listed, inserted, deleted, restored. By [`Entity::repo`]; it has no size and keeps nothing.
///
/// Each call takes any [`Executor`](crate::Executor): a pool, a session, a transaction, a client. Rows that are deleted softly
/// are left out, unless [`with_deleted`](Self::with_deleted) or [`only_deleted`](Self::only_deleted) is said; what
/// [`Entity::query`] and the like do is not changed by that. Which calls there are depends on the words of the entity: `restore`
/// of one without `soft_delete` does not compile.
///
/// ```
/// use std::time::SystemTime;
///
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{Entity, Error, NewRow};
///
/// #[derive(Debug, Clone, Entity)]
/// #[pgkeel(table = "app.users", columns = u, version = "version", soft_delete = "deleted_at")]
/// struct User {
///     #[pgkeel(id, generated)]
///     id: i64,
///     #[pgkeel(unique)]
///     email: String,
///     name: Option<String>,
///     #[pgkeel(updated)]
///     updated_at: SystemTime,
///     version: i32,
///     deleted_at: Option<SystemTime>,
/// }
///
/// #[derive(NewRow)]
/// #[pgkeel(entity = User, columns = u)]
/// struct NewUser<'a> {
///     email: &'a str,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// # let database = pgkeel_testkit::TestDatabase::empty().await;
/// # let db = &database.connection().await;
/// # let table = "create schema app; create table app.users(id int8 generated always as identity primary key, email text not null
/// #     unique, name text, updated_at timestamptz not null, version int4 not null default 1, deleted_at timestamptz)";
/// # db.batch_execute(table).await?;
/// let users = User::repo();
/// let ann = users.insert(db, &NewUser { email: "ann@example.org" }).await?;
/// assert_eq!(users.get(db, ann.id).await?.map(|user| user.email), Some("ann@example.org".to_owned()));
/// assert!(matches!(users.get_or_err(db, 4711).await, Err(Error::NotFound { .. })));
/// assert!(users.find_by(db, u::email.eq("ann@example.org")).await?.is_some());
/// let twice = users.insert(db, &NewUser { email: "ann@example.org" }).await;
/// assert!(matches!(twice, Err(Error::Unique(violation)) if violation.is_of(u::email)));
///
/// let named = ann.change().set(u::name, Some("Ann")).save(db).await?;
/// assert_eq!((named.name.as_deref(), named.version), (Some("Ann"), 2));
/// let late = ann.change().set(u::name, "Eve").save(db).await;
/// assert!(matches!(late, Err(Error::Conflict { expected: 1, actual: Some(2), .. })));
///
/// users.delete_row(db, &named).await?;
/// assert!(!users.exists(db, u::name.eq("Ann")).await?);
/// assert_eq!(users.only_deleted().count(db, ()).await?, 1);
/// assert!(users.restore(db, ann.id).await?);
/// assert_eq!(users.list(db, u::name.is_not_null(), u::email.asc(), 50).await?.len(), 1);
/// # let _ = |user: User| (user.updated_at, user.deleted_at);
/// # Ok(())
/// # }
/// ```
///
/// # Cancellation
/// Dropping a future does as the executor says: see [`Executor`](crate::Executor). Each call is one statement, so that nothing of
/// it is there by half.
pub struct Repository<E, S = Live> {
    of: PhantomData<fn() -> (E, S)>,
}

impl<E: Entity> Repository<E> {
    pub(crate) const fn new() -> Self {
        Self { of: PhantomData }
    }

    /// Sees all rows, deleted softly or not.
    #[must_use]
    pub const fn with_deleted(self) -> Repository<E, WithDeleted>
    where
        E: SoftDelete,
    {
        Repository { of: PhantomData }
    }

    /// Sees none but rows that are deleted softly.
    #[must_use]
    pub const fn only_deleted(self) -> Repository<E, OnlyDeleted>
    where
        E: SoftDelete,
    {
        Repository { of: PhantomData }
    }
}

impl<E: Entity, S: Visibility> Repository<E, S> {
    /// The rows that it sees, as a statement to go on with: to [filter](Select::filter), or to read [page](Select::page) by page, in
    /// [batches](Select::in_batches) or as a [stream](Select::stream).
    pub fn query<'a>(self) -> Select<'a, E> {
        match visibility::condition::<S>(E::FACTS) {
            Some(condition) => E::query().filter(Filter::<E>::new(condition)),
            None => E::query(),
        }
    }
}

impl<E, S> Clone for Repository<E, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E, S> Copy for Repository<E, S> {}

impl<E: Entity, S> fmt::Debug for Repository<E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Repository({})", E::FACTS.table())
    }
}
