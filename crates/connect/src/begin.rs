use tokio_postgres::{Client, Transaction as DriverTransaction};

use crate::{Error, Executor, TxOptions};

/// Opens transactions: a pool, a session, a client; and a transaction, inside which it opens a savepoint.
///
/// Take `impl Begin` where several statements belong together.
pub trait Begin: Sized {
    /// The transaction. Dropping it rolls back.
    type Tx: Transaction;

    /// Opens a transaction with these options, or a savepoint, which has none.
    ///
    /// # Errors
    /// That the server refused or the connection is over; [`Error::SavepointOptions`].
    ///
    /// # Cancellation
    /// Dropping the future leaves no transaction open.
    fn begin_with(
        self,
        options: TxOptions,
    ) -> impl Future<Output = Result<Self::Tx, <Self::Tx as Executor>::Error>> + Send;

    /// Opens a transaction as the server's settings have it, or a savepoint.
    ///
    /// # Errors
    /// As [`begin_with`](Self::begin_with).
    fn begin(self) -> impl Future<Output = Result<Self::Tx, <Self::Tx as Executor>::Error>> + Send {
        self.begin_with(TxOptions::new())
    }
}

/// A transaction or savepoint that is open.
pub trait Transaction: Executor + Sized {
    /// Makes what was done permanent; of a savepoint: part of the transaction around it.
    ///
    /// # Errors
    /// That it was not made permanent, or that this is not known as the connection is over.
    ///
    /// # Cancellation
    /// Dropping the future rolls back, unless the server was already told to commit.
    fn commit(self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Undoes what was done.
    ///
    /// # Errors
    /// That the connection is over; then the server undoes it as well.
    ///
    /// # Cancellation
    /// Dropping the future rolls back all the same.
    fn rollback(self) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

impl<'a> Begin for &'a mut Client {
    type Tx = DriverTransaction<'a>;

    async fn begin_with(self, options: TxOptions) -> Result<Self::Tx, Error> {
        let mut builder = self.build_transaction();
        if let Some(isolation) = options.isolation {
            builder = builder.isolation_level(isolation.into());
        }
        if let Some(read_only) = options.read_only {
            builder = builder.read_only(read_only);
        }
        if let Some(deferrable) = options.deferrable {
            builder = builder.deferrable(deferrable);
        }
        Ok(builder.start().await?)
    }
}

impl<'a> Begin for &'a mut DriverTransaction<'_> {
    type Tx = DriverTransaction<'a>;

    async fn begin_with(self, options: TxOptions) -> Result<Self::Tx, Error> {
        options.check_savepoint()?;
        Ok(self.transaction().await?)
    }
}

/// The driver's own transaction: its COMMIT says nothing when the server rolls a failed transaction back instead.
impl Transaction for DriverTransaction<'_> {
    async fn commit(self) -> Result<(), Error> {
        Ok(DriverTransaction::commit(self).await?)
    }

    async fn rollback(self) -> Result<(), Error> {
        Ok(DriverTransaction::rollback(self).await?)
    }
}

#[cfg(feature = "deadpool-postgres")]
mod of_deadpool {
    use super::{Begin, Error, Transaction, TxOptions};

    impl<'a> Begin for &'a mut deadpool_postgres::Client {
        type Tx = tokio_postgres::Transaction<'a>;

        async fn begin_with(self, options: TxOptions) -> Result<Self::Tx, Error> {
            let client: &'a mut tokio_postgres::Client = self;
            client.begin_with(options).await
        }
    }

    impl<'a> Begin for &'a mut deadpool_postgres::Transaction<'_> {
        type Tx = deadpool_postgres::Transaction<'a>;

        async fn begin_with(self, options: TxOptions) -> Result<Self::Tx, Error> {
            options.check_savepoint()?;
            Ok(self.transaction().await?)
        }
    }

    impl Transaction for deadpool_postgres::Transaction<'_> {
        async fn commit(self) -> Result<(), Error> {
            Ok(deadpool_postgres::Transaction::commit(self).await?)
        }

        async fn rollback(self) -> Result<(), Error> {
            Ok(deadpool_postgres::Transaction::rollback(self).await?)
        }
    }
}
