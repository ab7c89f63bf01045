use std::fmt;

use tokio_postgres::{Client, Transaction as DriverTransaction};

use crate::{Error, Executor};

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
    fn commit(self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Undoes what was done.
    ///
    /// # Errors
    /// That the connection is over; then the server undoes it as well.
    fn rollback(self) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// How far a transaction is kept from seeing what others do meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the SQL standard knows one more, which PostgreSQL runs as read committed"
)]
pub enum Isolation {
    /// Each statement sees what was committed before it began. The server's default.
    ReadCommitted,
    /// All statements see what was committed before the first began.
    RepeatableRead,
    /// As if one transaction ran after the other; some are refused with 40001 and have to be run again.
    Serializable,
}

/// What a transaction asks for beyond the server's settings.
///
/// ```
/// use pgkeel_connect::TxOptions;
///
/// let report = TxOptions::serializable().read_only(true).deferrable(true);
/// assert_eq!(report.to_string(), "BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TxOptions {
    isolation: Option<Isolation>,
    read_only: Option<bool>,
    deferrable: Option<bool>,
}

impl TxOptions {
    /// The server's settings as they are.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// [`Isolation::Serializable`].
    #[must_use]
    pub fn serializable() -> Self {
        Self::new().isolation(Isolation::Serializable)
    }

    /// With this isolation level.
    #[must_use]
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = Some(isolation);
        self
    }

    /// Whether writing is refused.
    #[must_use]
    pub fn read_only(mut self, yes: bool) -> Self {
        self.read_only = Some(yes);
        self
    }

    /// Whether a serializable read-only transaction waits until it can run without ever being refused.
    #[must_use]
    pub fn deferrable(mut self, yes: bool) -> Self {
        self.deferrable = Some(yes);
        self
    }
}

impl fmt::Display for TxOptions {
    /// The statement that begins such a transaction.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let isolation = self.isolation.map(|isolation| match isolation {
            Isolation::ReadCommitted => "ISOLATION LEVEL READ COMMITTED",
            Isolation::RepeatableRead => "ISOLATION LEVEL REPEATABLE READ",
            Isolation::Serializable => "ISOLATION LEVEL SERIALIZABLE",
        });
        let access = self.read_only.map(|yes| if yes { "READ ONLY" } else { "READ WRITE" });
        let deferrable = self.deferrable.map(|yes| if yes { "DEFERRABLE" } else { "NOT DEFERRABLE" });
        let modes: Vec<&str> = [isolation, access, deferrable].into_iter().flatten().collect();
        write!(f, "BEGIN{}{}", if modes.is_empty() { "" } else { " " }, modes.join(", "))
    }
}

impl<'a> Begin for &'a mut Client {
    type Tx = DriverTransaction<'a>;

    async fn begin_with(self, options: TxOptions) -> Result<Self::Tx, Error> {
        let mut builder = self.build_transaction();
        if let Some(isolation) = options.isolation {
            builder = builder.isolation_level(match isolation {
                Isolation::ReadCommitted => tokio_postgres::IsolationLevel::ReadCommitted,
                Isolation::RepeatableRead => tokio_postgres::IsolationLevel::RepeatableRead,
                Isolation::Serializable => tokio_postgres::IsolationLevel::Serializable,
            });
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

impl TxOptions {
    /// A savepoint takes no options.
    ///
    /// # Errors
    /// [`Error::SavepointOptions`] if there are any.
    pub fn check_savepoint(self) -> Result<(), Error> {
        if self == Self::new() { Ok(()) } else { Err(Error::SavepointOptions) }
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
