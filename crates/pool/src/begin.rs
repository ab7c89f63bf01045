//! Transactions that a pool opens, with the place in the code that did.

use std::panic::Location;
use std::sync::Arc;

use pgkeel_connect::TxOptions;

use crate::transaction::Plan;
use crate::{Error, Pool, Tx, acquire};

impl Pool {
    /// Opens a transaction on a session that is held until it ends: [`Begin::begin`](crate::Begin::begin), which through
    /// the trait does not tell `pool.leak_threshold` who holds it.
    ///
    /// # Errors
    /// As [`session`](Self::session), or that the server refused.
    ///
    /// # Cancellation
    /// Dropping the future leaves no transaction open.
    #[track_caller]
    pub fn begin(&self) -> impl Future<Output = Result<Tx, Error>> + Send {
        self.begin_with(TxOptions::new())
    }

    /// The same with an isolation level and other options.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    ///
    /// # Cancellation
    /// As [`begin`](Self::begin).
    #[track_caller]
    pub fn begin_with(&self, options: TxOptions) -> impl Future<Output = Result<Tx, Error>> + Send {
        let site = Location::caller();
        async move {
            let held = acquire::acquire(&self.core, Some(site)).await?;
            Tx::begin(Arc::new(held), Plan::once(options)).await
        }
    }
}
