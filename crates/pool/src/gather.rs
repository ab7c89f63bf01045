//! Rows that are given away as they come, a few at a time.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Poll, ready};

use futures_util::Stream as _;
use pgkeel_connect::{Connection, EncodedParams, Error as StatementError};
use tokio::task::coop;
use tokio_postgres::{Row, RowStream, Statement};

use crate::Error;
use crate::held::Held;
use crate::outcome::{Counted, Outcome};
use crate::query::Query;
use crate::unnamed::Unnamed;

/// At most so many are there at once. Of memory that is given back glibc has seven pieces of a size at hand (`TCACHE_FILL_COUNT` of
/// its `malloc.c`): with more rows than that, each would take hundreds of instructions to find its own.
const MOST: usize = 4;

/// What takes the rows of a statement. It is shared, as the statement may be run more than once.
pub(crate) trait Gather: Sync {
    /// Forgets what came before: the statement is run from its beginning.
    fn begin(&self);

    /// Takes these out.
    fn take(&self, rows: &mut Vec<Row>);
}

impl<C: Default + Extend<Row> + Send> Gather for Mutex<C> {
    fn begin(&self) {
        *self.lock().unwrap_or_else(PoisonError::into_inner) = C::default();
    }

    fn take(&self, rows: &mut Vec<Row>) {
        self.lock().unwrap_or_else(PoisonError::into_inner).extend(rows.drain(..));
    }
}

/// How many rows were given away.
pub(crate) struct Gathered(u64);

impl Counted for Gathered {
    fn rows(&self) -> u64 {
        self.0
    }
}

impl Outcome for Gathered {
    async fn prepared(
        connection: &Connection,
        statement: &Statement,
        query: Query<'_>,
    ) -> Result<Self, StatementError> {
        let rows = connection.client().query_raw(statement, query.params.iter().copied()).await;
        Self::of(rows, query).await.map_err(|error| connection.explain(error.into()))
    }

    async fn typed(
        connection: &Connection,
        query: Query<'_>,
        params: &EncodedParams,
    ) -> Result<Self, StatementError> {
        let rows = connection.client().query_typed_raw(query.sql, params.typed()).await;
        Self::of(rows, query).await.map_err(|error| connection.explain(error.into()))
    }

    /// Here all rows come before the statement is known to have ended well.
    async fn unnamed(unnamed: &Unnamed, held: &Held, query: Query<'_>) -> Result<Self, Error> {
        let mut rows = unnamed.query(held, query).await?;
        let count = rows.len() as u64;
        if let Some(gather) = query.gather {
            gather.begin();
            gather.take(&mut rows);
        }
        Ok(Self(count))
    }
}

impl Gathered {
    /// Now and then it lets other tasks have their turn, and timeouts theirs: what is made of rows may take its time, a connection
    /// on another thread goes on meanwhile, and a transaction is locked while one of its statements is polled.
    async fn of(
        begun: Result<RowStream, tokio_postgres::Error>,
        query: Query<'_>,
    ) -> Result<Self, tokio_postgres::Error> {
        let mut rows = pin!(begun?);
        let Some(gather) = query.gather else { return Ok(Self(0)) };
        gather.begin();
        let (mut waiting, mut count) = (Vec::new(), 0);
        poll_fn(|cx| {
            loop {
                match rows.as_mut().poll_next(cx)? {
                    Poll::Ready(Some(row)) => {
                        waiting.push(row);
                        count += 1;
                        if waiting.len() == MOST {
                            gather.take(&mut waiting);
                            ready!(coop::poll_proceed(cx)).made_progress();
                        }
                    }
                    Poll::Ready(None) => {
                        gather.take(&mut waiting);
                        return Poll::Ready(Ok(Self(count)));
                    }
                    Poll::Pending => {
                        gather.take(&mut waiting);
                        return Poll::Pending;
                    }
                }
            }
        })
        .await
    }
}
