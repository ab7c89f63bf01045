use std::fmt;

use pgkeel_connect::{Begin, Transaction, TxOptions};
use tokio::sync::OnceCell;

use super::Tx;
use crate::outcome::Outcome;
use crate::query::Query;
use crate::{Error, Pool};

/// The transaction of one request to a service: it takes a session of the pool, and begins, with its first statement.
///
/// A request that needs no database costs it nothing. Only an explicit [`commit`](Transaction::commit) commits, so do
/// that before the response is made; an error on the way, a panic, and a client that goes away drop this, which rolls
/// back. It is no server's in particular: an extractor or a middleware makes one for each request, as the crate's
/// example `axum_service` shows.
///
/// ```
/// use pgkeel_pool::{Error, Executor as _, RequestTx, Transaction as _};
///
/// async fn handler(tx: RequestTx) -> Result<i64, Error> {
///     let id = tx.query_scalar("insert into orders default values returning id", &[]).await?;
///     tx.commit().await?;
///     Ok(id)
/// }
/// ```
pub struct RequestTx {
    pool: Pool,
    options: TxOptions,
    tx: OnceCell<Tx>,
}

impl RequestTx {
    /// For a request that has just come. Nothing is sent.
    #[must_use]
    pub fn new(pool: &Pool, options: TxOptions) -> Self {
        Self { pool: pool.clone(), options, tx: OnceCell::new() }
    }

    /// Whether a statement, or something else that needs the session, was run.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.tx.initialized()
    }

    /// The transaction, which begins here if it has not.
    ///
    /// # Errors
    /// As [`Pool::session`].
    ///
    /// # Cancellation
    /// Dropping the future leaves nothing open.
    pub async fn tx(&self) -> Result<&Tx, Error> {
        self.tx.get_or_try_init(|| self.pool.begin_with(self.options)).await
    }

    pub(crate) async fn run<T: Outcome>(&self, query: Query<'_>) -> Result<T, Error> {
        self.tx().await?.run(query).await
    }

    pub(crate) async fn run_text(&self, query: Query<'_>) -> Result<(), Error> {
        self.tx().await?.run_text(query).await
    }
}

impl fmt::Debug for RequestTx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestTx")
            .field("options", &self.options)
            .field("tx", &self.tx.get())
            .finish_non_exhaustive()
    }
}

impl Transaction for RequestTx {
    async fn commit(self) -> Result<(), Error> {
        match self.tx.into_inner() {
            Some(tx) => tx.commit().await,
            None => Ok(()),
        }
    }

    async fn rollback(self) -> Result<(), Error> {
        match self.tx.into_inner() {
            Some(tx) => tx.rollback().await,
            None => Ok(()),
        }
    }
}

/// A savepoint in it.
impl Begin for &RequestTx {
    type Tx = Tx;

    async fn begin_with(self, options: TxOptions) -> Result<Tx, Error> {
        self.tx().await?.begin_with(options).await
    }
}
