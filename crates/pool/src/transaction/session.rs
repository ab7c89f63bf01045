use std::marker::PhantomData;

use pgkeel_connect::{Begin, Transaction, TxOptions};

use super::Tx;
use crate::outcome::Outcome;
use crate::query::Query;
use crate::{Error, Session};

/// A transaction on a borrowed [`Session`], which is free again when it ends.
#[derive(Debug)]
pub struct SessionTx<'s> {
    pub(crate) tx: Tx,
    session: PhantomData<&'s mut Session>,
}

impl<'s> SessionTx<'s> {
    pub(crate) fn new(tx: Tx, _: &'s mut Session) -> Self {
        Self { tx, session: PhantomData }
    }
}

impl SessionTx<'_> {
    pub(crate) async fn run<T: Outcome>(&self, query: Query<'_>) -> Result<T, Error> {
        self.tx.run(query).await
    }

    pub(crate) async fn run_text(&self, query: Query<'_>) -> Result<(), Error> {
        self.tx.run_text(query).await
    }

    /// As [`Tx::after_commit`].
    ///
    /// # Errors
    /// [`Error::TxClosed`].
    pub fn after_commit(&self, action: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        self.tx.after_commit(action)
    }
}

impl Transaction for SessionTx<'_> {
    async fn commit(self) -> Result<(), Error> {
        self.tx.commit().await
    }

    async fn rollback(self) -> Result<(), Error> {
        self.tx.rollback().await
    }
}

impl Begin for &SessionTx<'_> {
    type Tx = Tx;

    async fn begin_with(self, options: TxOptions) -> Result<Tx, Error> {
        (&self.tx).begin_with(options).await
    }
}
