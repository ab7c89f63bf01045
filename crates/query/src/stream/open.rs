use std::panic::Location;

use pgkeel_connect::{Begin, Executor, Transaction, TxOptions};
use tokio_postgres::error::SqlState;

use super::names::{ServerCursor, free, too_many};
use super::rows::{Held, Rows};
use crate::Error;
use crate::relation::Output;
use crate::statement::{Answer, Select, Site, Writer, number};

impl<S, R: Output<S>> Select<'_, S, R> {
    /// The rows as they come, so many of them in memory at a time; all of the snapshot that the statement begins with. The
    /// server keeps a cursor for them in the transaction, which can be used for other things meanwhile.
    ///
    /// ```
    /// use pgkeel_query::connect::Transaction;
    /// use pgkeel_query::{Entity, Error};
    ///
    /// #[derive(Entity)]
    /// #[pgkeel(table = "app.users", columns = u)]
    /// struct User {
    ///     #[pgkeel(id)]
    ///     id: i64,
    ///     email: String,
    /// }
    ///
    /// async fn letters(tx: &impl Transaction) -> Result<usize, Error> {
    ///     let mut users = User::query().filter(u::email.contains("@")).stream(tx, 1_000).await?;
    ///     let mut letters = 0;
    ///     while let Some(user) = users.try_next().await? {
    ///         letters += user.email.len();
    ///     }
    ///     Ok(letters)
    /// }
    /// # let _ = |user: User| (user.id, user.email);
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// #     use pgkeel_query::connect::{Begin as _, Executor as _};
    /// #     let database = pgkeel_testkit::TestDatabase::empty().await;
    /// #     let mut connection = database.connection().await;
    /// #     connection.batch_execute(
    /// #         "create schema app; create table app.users as select n as id, '@' as email from generate_series(1::int8, 2345) n"
    /// #     ).await?;
    /// #     assert_eq!(letters(&connection.begin().await?).await?, 2345);
    /// #     Ok(())
    /// # }
    /// ```
    ///
    /// It takes two round trips, then one for each window. The server plans for the first rows to come soon
    /// (`cursor_tuple_fraction`), and for no parallel workers.
    ///
    /// A stream that is dropped before its end leaves its cursor, with its snapshot, until the transaction or savepoint ends,
    /// or until [`close`](Rows::close). A transaction has at most 16 at a time. Of more that are opened at the same
    /// moment the server refuses one, which fails the transaction. Roll back no savepoint by a text of your own while a stream is open that
    /// began behind it: the next stream may get its cursor, and both read from that. Savepoints of the executor do not let that
    /// happen.
    ///
    /// # Errors
    /// That a value does not fit, [`Error::TooManyParameters`], [`Error::Statement`], [`Error::TooManyStreams`], and what the executor says.
    ///
    /// # Cancellation
    /// Dropping the future does as the transaction says: see [`Executor`]. It may leave a cursor as dropping the stream does.
    #[track_caller]
    pub fn stream<X: Transaction>(
        self,
        tx: &X,
        window: u32,
    ) -> impl Future<Output = Result<Rows<'_, X, R::Row>, Error>> + Send {
        let site = Location::caller();
        async move {
            let name = self.declare(tx, site).await?;
            Ok(Rows::new::<S, R>(Held::Lent(tx), name, window, site))
        }
    }

    /// As [`stream`](Self::stream), in a read-only transaction of its own: of a pool, a session, a connection. It ends with the
    /// last row; dropped earlier it is rolled back, and a window that is under way does as any statement whose future is dropped.
    ///
    /// # Errors
    /// As [`stream`](Self::stream).
    ///
    /// # Cancellation
    /// Dropping the future leaves no transaction open.
    #[track_caller]
    pub fn stream_from<'t, B: Begin>(
        self,
        database: B,
        window: u32,
    ) -> impl Future<Output = Result<Rows<'t, B::Tx, R::Row>, Error>>
    where
        B::Tx: 't,
    {
        let site = Location::caller();
        let begun = database.begin_with(TxOptions::new().read_only(true));
        async move {
            let tx = begun.await?;
            let name = self.declare(&tx, site).await?;
            Ok(Rows::new::<S, R>(Held::Own(tx), name, window, site))
        }
    }

    async fn declare(&self, database: &impl Executor, site: Site) -> Result<&'static ServerCursor, Error> {
        self.parts.check()?;
        let name = free(database, site).await?;
        let mut out = Writer::new();
        out.push(name.declare);
        self.parts.write(Answer::Rows, &mut out);
        let ready = out.finish()?.ready()?;
        number(&ready, database, site).await.map_err(|error| match error.code() {
            Some(&SqlState::DUPLICATE_CURSOR) => too_many(),
            _ => error,
        })?;
        Ok(name)
    }
}
