use std::marker::PhantomData;

use pgkeel_connect::{Begin, Executor, Transaction, TxOptions};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::Tx;
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
    /// As [`Tx::after_commit`].
    ///
    /// # Errors
    /// [`Error::TxClosed`].
    pub fn after_commit(&self, action: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        self.tx.after_commit(action)
    }
}

impl Executor for SessionTx<'_> {
    type Error = Error;

    async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        self.tx.query(sql, params).await
    }

    async fn query_opt(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Option<Row>, Error> {
        self.tx.query_opt(sql, params).await
    }

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        self.tx.execute(sql, params).await
    }

    async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
        self.tx.batch_execute(sql).await
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
