use std::sync::Arc;

use pgkeel_connect::{Begin, Connection, TransactionStatus, TxOptions};

use crate::held::Held;
use crate::outcome::Outcome;
use crate::query::Query;
use crate::transaction::Plan;
use crate::{Error, SessionTx, Tx};

/// One session of the pool, for as long as it is held.
///
/// Dropping it returns it at once; what was left open is rolled back before anyone else gets it, and what was left
/// behind is undone as `pool.reset` says.
///
/// Dropping the future of a statement cancels the statement, once no other is under way on the session; in a
/// transaction that fails the transaction. The next statement waits for that, at most 2 s.
#[derive(Debug)]
pub struct Session {
    pub(crate) held: Arc<Held>,
}

impl Session {
    pub(crate) fn new(held: Held) -> Self {
        Self { held: Arc::new(held) }
    }

    pub(crate) async fn run<T: Outcome>(&self, query: Query<'_>) -> Result<T, Error> {
        self.held.run(query).await
    }

    pub(crate) async fn run_text(&self, query: Query<'_>) -> Result<(), Error> {
        self.held.run_text(query).await
    }

    /// The transaction status in the server's last word; see [`Connection::transaction_status`].
    #[must_use]
    pub fn transaction_status(&self) -> TransactionStatus {
        self.held.connection().transaction_status()
    }

    /// The connection, for what [`Executor`](pgkeel_connect::Executor) does not offer. What is left unfinished on it is
    /// cleaned up as well.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        self.held.slot().unsettle();
        self.held.slot().leave_traces();
        self.held.connection()
    }

    /// Closes the session instead of returning it: for one that is known to be of no use any more.
    pub fn invalidate(self) {
        self.held.invalidate();
    }

    /// Takes the connection out of the pool for good: from now on it is the caller's, and the pool may open another.
    ///
    /// # Errors
    /// The session itself, if a transaction on it is still in use somewhere, or while a statement whose future was
    /// dropped is being cancelled: run another statement first, which waits for that.
    pub fn detach(self) -> Result<Connection, Self> {
        let held = Arc::try_unwrap(self.held).map_err(|held| Self { held })?;
        held.detach().map_err(Self::new)
    }
}

impl<'s> Begin for &'s mut Session {
    type Tx = SessionTx<'s>;

    async fn begin_with(self, options: TxOptions) -> Result<SessionTx<'s>, Error> {
        let tx = Tx::begin(Arc::clone(&self.held), Plan::once(options)).await?;
        Ok(SessionTx::new(tx, self))
    }
}
