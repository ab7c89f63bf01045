use std::fmt;

use crate::Error;

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
    pub(crate) isolation: Option<Isolation>,
    pub(crate) read_only: Option<bool>,
    pub(crate) deferrable: Option<bool>,
    pub(crate) resolve_commit: Option<bool>,
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

    /// Whether it is found out what became of a COMMIT whose answer was lost with the connection. A pool does so by the
    /// transaction's number, asked for with the statements at the cost of no round trip; what has no other connection
    /// to ask on passes this over.
    #[must_use]
    pub fn resolve_commit(mut self, yes: bool) -> Self {
        self.resolve_commit = Some(yes);
        self
    }

    /// Whether writing is refused by these options.
    #[must_use]
    pub fn is_read_only(self) -> bool {
        self.read_only == Some(true)
    }

    /// What was said of [`resolve_commit`](Self::resolve_commit), if anything.
    #[must_use]
    pub fn resolves_commit(self) -> Option<bool> {
        self.resolve_commit
    }

    /// A savepoint takes no options.
    ///
    /// # Errors
    /// [`Error::SavepointOptions`] if there are any.
    pub fn check_savepoint(self) -> Result<(), Error> {
        if self == Self::new() { Ok(()) } else { Err(Error::SavepointOptions) }
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

impl From<Isolation> for tokio_postgres::IsolationLevel {
    fn from(isolation: Isolation) -> Self {
        match isolation {
            Isolation::ReadCommitted => Self::ReadCommitted,
            Isolation::RepeatableRead => Self::RepeatableRead,
            Isolation::Serializable => Self::Serializable,
        }
    }
}
