use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

use pgkeel_connect::Executor;

use crate::Error;
use crate::page::{Keys, PageProblem, Position, Reader, Walk, put};
use crate::relation::{Output, Scope};
use crate::statement::{Answer, By, Select, Site, describe};

/// Rows in the order of their id, batch by batch: by [`Select::in_batches`].
#[must_use = "batches are read by `next`"]
pub struct Batches<'a, S, R = S> {
    select: Select<'a, S, R>,
    size: u32,
    /// Where the last batch ended.
    position: Option<BatchPosition>,
    is_begun: bool,
    is_done: bool,
}

/// Where a batch ended, to go on from behind it: in another process, too.
///
/// It has the id of a row, which can be read, and is not signed: it is made to be kept with the data. What goes out into the
/// world is a cursor of [`keyset`](Select::keyset).
#[derive(Clone, PartialEq, Eq)]
pub struct BatchPosition(Vec<u8>);

const VERSION: u8 = 1;

impl BatchPosition {
    /// As it was given out by [`as_bytes`](Self::as_bytes). Whether it is one shows when it is used.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// To be kept.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn new(position: &Position, keys: &Keys) -> Self {
        let mut bytes = vec![VERSION];
        for by in keys.each() {
            put(&mut bytes, Some(name(*by).as_bytes()));
        }
        position.write(&mut bytes);
        Self(bytes)
    }

    fn read(&self, keys: &Keys) -> Option<Position> {
        let mut reader = Reader(&self.0);
        let has_version = reader.take() == Some([VERSION]);
        let mut is_of = |name: &str| matches!(reader.bytes(), Ok(Some(found)) if found == name.as_bytes());
        let is_of_keys = keys.each().iter().all(|by| is_of(&name(*by)));
        if has_version && is_of_keys { Position::read(&mut reader, keys) } else { None }
    }
}

/// Of a table under another name that comes in front, so that the same column of two such tables is not taken for one.
fn name(by: By) -> Cow<'static, str> {
    match by.alias {
        Some(alias) => format!("{alias}.{}", by.column.path).into(),
        None => by.column.path.into(),
    }
}

impl<'a, S: Scope, R> Select<'a, S, R> {
    /// The rows in the order of their id, so many at a time. Each batch is a short statement of its own, so no snapshot is kept
    /// and nothing stays locked; what others insert or delete meanwhile leaves no other row out. It can go on where it was
    /// stopped.
    ///
    /// ```
    /// use pgkeel_query::connect::Executor;
    /// use pgkeel_query::{Entity, Error};
    /// use pgkeel_query::stream::BatchPosition;
    ///
    /// #[derive(Entity)]
    /// #[pgkeel(table = "app.users", columns = u)]
    /// struct User {
    ///     #[pgkeel(id)]
    ///     id: i64,
    ///     email: String,
    /// }
    ///
    /// async fn letters(database: &impl Executor, done: &mut Option<BatchPosition>) -> Result<usize, Error> {
    ///     let mut letters = 0;
    ///     let mut batches = User::query().filter(u::email.contains("@")).in_batches(1_000).after(done.clone());
    ///     while let Some(users) = batches.next(database).await? {
    ///         letters += users.iter().map(|user| user.email.len()).sum::<usize>();
    ///         *done = batches.position().cloned(); // From here on it goes on.
    ///     }
    ///     Ok(letters)
    /// }
    /// # let _ = |user: User| user.id;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// #     let database = pgkeel_testkit::TestDatabase::empty().await;
    /// #     let connection = database.connection().await;
    /// #     connection.batch_execute(
    /// #         "create schema app; create table app.users as select n as id, '@' as email from generate_series(1::int8, 2345) n"
    /// #     ).await?;
    /// #     let mut done = None;
    /// #     assert_eq!(letters(&connection, &mut done).await?, 2345);
    /// #     assert_eq!(letters(&connection, &mut done).await?, 0);
    /// #     Ok(())
    /// # }
    /// ```
    pub fn in_batches(self, rows: u32) -> Batches<'a, S, R> {
        Batches { select: self, size: rows, position: None, is_begun: false, is_done: false }
    }
}

impl<S, R> Batches<'_, S, R> {
    /// Goes on behind this position, if there is one.
    pub fn after(mut self, position: impl Into<Option<BatchPosition>>) -> Self {
        self.position = position.into();
        self.is_done = false;
        self
    }

    /// Where the batch ended that was given last; before that, what was said by [`after`](Self::after).
    #[must_use]
    pub fn position(&self) -> Option<&BatchPosition> {
        self.position.as_ref()
    }

    fn keys(&self) -> Result<Keys, PageProblem> {
        if self.size == 0 {
            return Err(PageProblem::Zero);
        }
        if !self.select.parts.order.is_empty() {
            return Err(PageProblem::AlreadyOrdered);
        }
        Keys::of(&self.select.parts)
    }
}

impl<S, R: Output<S>> Batches<'_, S, R> {
    /// The next batch: at least one row, `None` at the end. A batch that is not full is the last.
    ///
    /// # Errors
    /// As [`Select::fetch_all`], and [`Error::Page`]. After an error the same batch can be asked for again.
    ///
    /// # Cancellation
    /// Dropping the future does as the executor says (see [`Executor`]); the same batch comes with the next call.
    #[track_caller]
    pub fn next(
        &mut self,
        database: &impl Executor,
    ) -> impl Future<Output = Result<Option<Vec<R::Row>>, Error>> + Send {
        let site = Location::caller();
        async move { self.next_at(site, database).await }
    }

    async fn next_at(&mut self, site: Site, database: &impl Executor) -> Result<Option<Vec<R::Row>>, Error> {
        if self.is_done {
            return Ok(None);
        }
        let keys = self.keys()?;
        let read = |position: &BatchPosition| position.read(&keys).ok_or(PageProblem::OtherPosition);
        let behind = self.position.as_ref().map(read).transpose()?;
        let limit = i64::from(self.size);
        let walk = Walk { parts: &self.select.parts, keys: &keys, behind: behind.as_ref(), limit };
        let rows = if self.is_begun {
            walk.more_rows(database, site).await?
        } else {
            walk.rows(database, site).await?
        };
        self.is_begun = true;
        let batch = R::all(walk.read(&rows)?);
        let last = rows.last().map(|last| Position::of(last, &keys)).transpose()?;
        self.is_done = rows.len() < self.size as usize;
        if let Some(last) = last {
            self.position = Some(BatchPosition::new(&last, &keys));
        }
        Ok((!batch.is_empty()).then_some(batch))
    }
}

/// Without values.
impl fmt::Debug for BatchPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchPosition").finish_non_exhaustive()
    }
}

/// Text, and names and types of parameters, without values.
impl<S, R> fmt::Debug for Batches<'_, S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(self.select.write(Answer::Rows), "Batches", f)
    }
}
