use std::fmt;
use std::panic::Location;

use pgkeel_connect::Executor;

use super::position::MOVED;
use super::request::{Asked, KeysetRequest};
use super::{Edge, Edges, Keys, Position, Walk};
use crate::Error;
use crate::page::PageProblem;
use crate::page::cursor::{CursorKeys, CursorReason, InvalidCursor, MOST, Shape};
use crate::relation::{Output, Scope};
use crate::statement::{Answer, Select, Site, describe};

/// A page behind or in front of a cursor, by [`Select::keyset`].
#[must_use = "a page is read by `fetch`"]
pub struct Keyset<'a, S, R = S> {
    select: Select<'a, S, R>,
    cursors: &'a CursorKeys,
    request: KeysetRequest<'a>,
}

impl<'a, S: Scope, R> Select<'a, S, R> {
    /// A page that begins behind a row, or ends in front of one: at the same cost wherever that is, if there is an index of
    /// the columns that the statement is ordered by. Rows that are inserted or deleted meanwhile have no other left out or
    /// repeated.
    ///
    /// ```
    /// use pgkeel_query::connect::Executor;
    /// use pgkeel_query::{CursorKeys, Edges, Entity, Error, KeysetRequest};
    ///
    /// #[derive(Entity)]
    /// #[pgkeel(table = "app.users", columns = u)]
    /// struct User {
    ///     #[pgkeel(id)]
    ///     id: i64,
    ///     visits: i32,
    /// }
    ///
    /// /// Fast with `create index on app.users(visits desc, id desc)`, or one that is the other way round.
    /// async fn most(
    ///     database: &impl Executor,
    ///     cursors: &CursorKeys,
    ///     after: Option<&str>,
    /// ) -> Result<Edges<User>, Error> {
    ///     let most_visits = User::query().order_by(u::visits.desc());
    ///     most_visits.keyset(cursors, KeysetRequest::first(50).after(after)).fetch(database).await
    /// }
    /// # let _ = |user: User| (user.id, user.visits);
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// #     let database = pgkeel_testkit::TestDatabase::empty().await;
    /// #     let connection = database.connection().await;
    /// #     connection.batch_execute(
    /// #         "create schema app; create table app.users as select n as id, 7 as visits from generate_series(1::int8, 70) n"
    /// #     ).await?;
    /// #     let cursors = CursorKeys::new(&[7; 32])?;
    /// #     let first = most(&connection, &cursors, None).await?.page_info;
    /// #     let second = most(&connection, &cursors, first.end_cursor.as_deref()).await?;
    /// #     assert_eq!((first.has_next_page, second.edges.len(), second.edges[0].node.id), (true, 20, 20));
    /// #     Ok(())
    /// # }
    /// ```
    ///
    /// If the order leaves rows alike, the id is put behind it, in the direction of its last column, as far as it is not in
    /// there; a column that is `unique` and no `Option` tells rows apart, too. Columns may go in different directions, and
    /// have NULL, at either end. Whether they have is up to their types: the column of an `i64` is taken to have none.
    ///
    /// A cursor is refused by another statement, and by one with another value in a filter. The one thing that is not seen is which
    /// value it is of a type of your own without a [natural type](crate::BindType::natural_type).
    ///
    /// The index has to have the columns in that order, with these directions (all the other way round will do) and NULLs at
    /// these ends. A statement whose columns go in different directions, or may be NULL, is one of several ranges; each of
    /// them takes a look into the index.
    ///
    /// Of joined tables the id of each is put behind the order, unless it tells their rows apart already; of a table that is left
    /// joined it may be NULL. An index has columns of one table, so such a page costs what the server makes of its first rows.
    /// What is grouped or computed of several rows has no such pages ([`PageProblem::NotPaged`]).
    ///
    /// A cursor has at most 16 384 letters, which is room for 12 000 bytes of values. A row whose values in the order are longer has
    /// none, and a page that ends with such a row, with more behind it, is
    /// [`PageProblem::KeyTooLong`]. Columns of composite types are refused.
    ///
    /// Cursors are good for the same entity, filters with their values, and order; not for another. Of a value that has no
    /// natural type ([`ViaToSql`](crate::bind::ViaToSql)) its Rust type alone is held against them.
    pub fn keyset(self, cursors: &'a CursorKeys, request: KeysetRequest<'a>) -> Keyset<'a, S, R> {
        Keyset { select: self, cursors, request }
    }
}

/// All that is settled before anything is sent.
struct Ready<'c> {
    asked: Asked<'c>,
    /// In the direction of reading.
    keys: Keys,
    shape: Shape,
    position: Option<Position>,
}

impl<'a, S, R> Keyset<'a, S, R> {
    fn ready(&self) -> Result<Ready<'a>, Error> {
        let asked = self.request.asked()?;
        let parts = &self.select.parts;
        let keys = Keys::of(parts)?;
        let shape = Shape::of(parts, &keys, self.request.binding())?;
        let open = |cursor| self.cursors.open(&shape, &keys, cursor).map_err(Error::Cursor);
        let position = asked.cursor.map(open).transpose()?;
        let keys = if asked.is_backward { keys.reversed() } else { keys };
        Ok(Ready { asked, keys, shape, position })
    }
}

impl<S, R> Keyset<'_, S, R> {
    /// The text as the server gets it.
    ///
    /// # Errors
    /// [`Error::Page`], [`Error::Cursor`], [`Error::TooManyParameters`], and [`Error::Statement`] of several tables.
    pub fn text(&self) -> Result<String, Error> {
        let ready = self.ready()?;
        ready.walk(&self.select).write()?.text()
    }
}

impl Ready<'_> {
    /// One row more than the page has tells whether there is more.
    fn walk<'w, 'a, S, R>(&'w self, select: &'w Select<'a, S, R>) -> Walk<'w, 'a> {
        let (keys, behind, limit) = (&self.keys, self.position.as_ref(), i64::from(self.asked.size) + 1);
        Walk { parts: &select.parts, keys, behind, limit }
    }
}

impl<S, R: Output<S>> Keyset<'_, S, R> {
    /// Reads the page.
    ///
    /// # Errors
    /// As [`Select::fetch_all`], [`Error::Page`], and [`Error::Cursor`]: nothing was sent, unless the type of a column has
    /// changed since. [`Error::is_bad_request`] tells whether who asked for the page can mend it.
    ///
    /// # Cancellation
    /// Dropping the future does as the executor says: see [`Executor`].
    #[track_caller]
    pub fn fetch(
        self,
        database: &impl Executor,
    ) -> impl Future<Output = Result<Edges<R::Row>, Error>> + Send {
        let site = Location::caller();
        async move { self.fetch_at(site, database).await }
    }

    async fn fetch_at(self, site: Site, database: &impl Executor) -> Result<Edges<R::Row>, Error> {
        let ready = self.ready()?;
        let walk = ready.walk(&self.select);
        let mut rows = walk.rows(database, site).await.map_err(moved)?;
        let Asked { size, is_backward, cursor } = ready.asked;
        let (has_more, has_cursor) = (rows.len() > size as usize, cursor.is_some());
        rows.truncate(size as usize);
        if is_backward {
            rows.reverse();
        }
        let nodes = R::all(walk.read(&rows)?);
        let seal = |(row, node)| {
            let position = Position::of(row, &ready.keys)?;
            Ok(Edge { cursor: self.cursors.seal(&ready.shape, &position), node })
        };
        let edges: Vec<_> = rows.iter().zip(nodes).map(seal).collect::<Result<_, Error>>()?;
        let ends = if is_backward { edges.first() } else { edges.last() };
        if has_more && ends.is_some_and(|edge| edge.cursor.is_none()) {
            return Err(PageProblem::KeyTooLong { most: MOST }.into());
        }
        let (has_next, has_previous) =
            if is_backward { (has_cursor, has_more) } else { (has_more, has_cursor) };
        Ok(Edges::new(edges, has_next, has_previous))
    }
}

/// A column that has another type than when the cursor was made.
fn moved(error: Error) -> Error {
    match error {
        Error::Parameter(bad) if bad.misfit().rust_type() == MOVED => {
            Error::Cursor(InvalidCursor::new(CursorReason::OtherStatement))
        }
        error => error,
    }
}

impl<S, R> Clone for Keyset<'_, S, R> {
    fn clone(&self) -> Self {
        Self { select: self.select.clone(), cursors: self.cursors, request: self.request.clone() }
    }
}

/// Text, and names and types of parameters, without values and cursors.
impl<S, R> fmt::Debug for Keyset<'_, S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ready() {
            Ok(ready) => describe(ready.walk(&self.select).write(), "Keyset", f),
            Err(_) => describe(self.select.write(Answer::Rows), "Keyset", f),
        }
    }
}
