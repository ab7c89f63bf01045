use std::fmt;
use std::time::Duration;

use tokio_postgres::error::SqlState;

use crate::driver::CloseReason;
use crate::{ServerError, TargetSession, sqlstate};

/// What went wrong on one connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Connecting did not end in time. Raise `database.connect_timeout` if the server is only slow.
    #[error("no connection to {host} within {waited:?}: {step} did not end")]
    DialTimeout {
        /// The host that was tried last, with its port.
        host: String,
        /// What was waited for.
        step: DialStep,
        /// How long this host was given.
        waited: Duration,
    },
    /// The network refused.
    #[error("{step} failed for {host}")]
    Dial {
        /// The host that was tried last, with its port.
        host: String,
        /// What failed.
        step: DialStep,
        /// What the operating system or the driver said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server refused the connection: a wrong password, an unknown database, too many connections.
    #[error("{host} refused the connection")]
    Refused {
        /// The host that was tried last, with its port.
        host: String,
        /// What the server said.
        #[source]
        source: ServerError,
    },
    /// The server is not of the kind that `target_session_attrs` asks for.
    #[error("{host} {found}, where target_session_attrs={wanted} is asked for")]
    WrongServer {
        /// The host, with its port.
        host: String,
        /// What it does instead, for example `is a standby`.
        found: &'static str,
        /// What was asked for.
        wanted: TargetSession,
    },
    /// A cancel request could not be brought to the server, or the server did not confirm it.
    #[error("the statement could not be cancelled")]
    NotCancelled {
        /// What failed. If its step is [`DialStep::Cancel`], the request may still come into effect.
        #[source]
        source: Box<Error>,
    },
    /// The server refused the statement.
    #[error("the server refused the statement")]
    Server(#[source] ServerError),
    /// The connection is over; what the statement did before is not known.
    #[error("the connection is closed: {}", Reason(.reason.as_ref()))]
    Closed {
        /// Why, if it is known.
        reason: Option<CloseReason>,
    },
    /// The server did not answer in time; what it made of the statement is not known.
    #[error("no answer to {what} within {waited:?}")]
    Unanswered {
        /// What was sent.
        what: String,
        /// How long an answer was waited for.
        waited: Duration,
    },
    /// None of several hosts could be reached, or none is of the kind that was asked for.
    #[error("none of {} hosts would do: {}", failures.len(), Each(failures))]
    NoHost {
        /// The error of each host, in the order in which they were tried.
        failures: Vec<Error>,
    },
    /// The driver refused: a parameter of a wrong type or number, or a reply that makes no sense.
    #[error("the statement could not be run")]
    Driver(#[source] tokio_postgres::Error),
    /// The statement has more or fewer parameters than it was given values, or was given more than any can have.
    #[error("expected {expected} parameters, got {found}")]
    ParameterCount {
        /// How many the statement has; 65 535 if it was given more than any can have.
        expected: usize,
        /// How many it was given.
        found: usize,
    },
    /// A value does not fit the type that is declared for its parameter. Nothing was sent.
    #[error("the value of ${number} does not fit the type that is declared for it")]
    Parameter {
        /// The parameter's number, from 1 as in the statement.
        number: usize,
        /// Which types, or what else is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A value of the reply does not have the type that was asked for.
    #[error("column {column} of the reply has another type than was asked for")]
    Decode {
        /// The column's position, from 0.
        column: usize,
        /// Which types.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The reply has more or fewer rows than the call can use.
    #[error("expected {expected}, got {found} rows")]
    RowCount {
        /// What the call can use, in words.
        expected: &'static str,
        /// How many there were.
        found: usize,
    },
    /// A savepoint was asked for an isolation level, which only whole transactions have.
    #[error(
        "a savepoint takes no isolation level, read-only or deferrable mode; set them on the transaction around it"
    )]
    SavepointOptions,
}

/// The steps of connecting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DialStep {
    /// Asking for the IP addresses of a name.
    LookUp,
    /// Opening the socket.
    Socket,
    /// Finding out whether a server behind a Unix socket is the user that `requirepeer` names.
    Peer,
    /// Agreeing on TLS: asking the server for it, and the handshake.
    Tls,
    /// Asking the [`Credentials`](crate::Credentials) for the password, or reading a password file.
    Credentials,
    /// Authentication and everything else until the server is ready.
    StartUp,
    /// Finding out whether the server is of the kind that was asked for.
    Role,
    /// Sending a cancel request, until the server closes the connection that brought it.
    Cancel,
}

impl fmt::Display for DialStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LookUp => "looking the name up",
            Self::Socket => "opening the socket",
            Self::Peer => "checking the server's user",
            Self::Tls => "agreeing on TLS",
            Self::Credentials => "getting the password",
            Self::StartUp => "authentication and start-up",
            Self::Role => "asking what kind of server it is",
            Self::Cancel => "handing over the cancel request",
        })
    }
}

struct Each<'a>(&'a [Error]);

impl fmt::Display for Each<'_> {
    /// With their sources, as one error has only one source.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if position == 0 { "" } else { "; " })?;
            if let Some(source) = std::error::Error::source(error) {
                write!(f, ": {source}")?;
            }
        }
        Ok(())
    }
}

struct Reason<'a>(Option<&'a CloseReason>);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(reason) => reason.fmt(f),
            None => f.write_str("the reason is not known"),
        }
    }
}

impl Error {
    /// What the server said, if it was the server that refused.
    #[must_use]
    pub fn server(&self) -> Option<&ServerError> {
        match self {
            Self::Server(error)
            | Self::Refused { source: error, .. }
            | Self::Closed { reason: Some(CloseReason::Server(error)) } => Some(error),
            Self::NoHost { failures } => failures.iter().find_map(Self::server),
            _ => None,
        }
    }

    /// The SQLSTATE, if the server gave one.
    #[must_use]
    pub fn code(&self) -> Option<&SqlState> {
        self.server().map(ServerError::code)
    }

    /// Whether the server refused the password.
    pub(crate) fn is_refused_password(&self) -> bool {
        let Self::Refused { source, .. } = self else { return false };
        match *source.code() {
            SqlState::INVALID_PASSWORD => true,
            // PgBouncer before 1.19 has this one code for whatever it refuses.
            SqlState::PROTOCOL_VIOLATION => source.message().ends_with("authentication failed"),
            _ => false,
        }
    }

    /// The constraint that the statement violated.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        self.server().and_then(ServerError::constraint)
    }

    /// Whether there is no connection: none could be opened, or it is over.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        match self {
            Self::DialTimeout { .. }
            | Self::Dial { .. }
            | Self::Refused { .. }
            | Self::WrongServer { .. }
            | Self::NoHost { .. }
            | Self::Closed { .. }
            | Self::Unanswered { .. } => true,
            Self::Server(error) => error.is_fatal(),
            Self::NotCancelled { .. }
            | Self::Driver(_)
            | Self::ParameterCount { .. }
            | Self::Parameter { .. }
            | Self::Decode { .. }
            | Self::RowCount { .. }
            | Self::SavepointOptions => false,
        }
    }

    /// Whether running the whole transaction again can succeed and cannot apply it twice: it has certainly had no effect,
    /// and the cause may pass. A lost connection is not: its last statement may have been carried out.
    #[must_use]
    pub fn is_safe_to_retry(&self) -> bool {
        match self {
            Self::Dial { step, source, .. } if *step != DialStep::Peer => crate::tls::may_pass(&**source),
            Self::DialTimeout { .. } | Self::WrongServer { .. } => true,
            Self::NoHost { failures } => failures.iter().any(Self::is_safe_to_retry),
            Self::Refused { source, .. } => sqlstate::refuses_for_now(source.code()),
            Self::Server(error) => sqlstate::rolls_back_cleanly(error.code()),
            Self::Dial { .. }
            | Self::NotCancelled { .. }
            | Self::Closed { .. }
            | Self::Unanswered { .. }
            | Self::Driver(_)
            | Self::ParameterCount { .. }
            | Self::Parameter { .. }
            | Self::Decode { .. }
            | Self::RowCount { .. }
            | Self::SavepointOptions => false,
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(from_server) => Self::Server(ServerError::new(from_server)),
            None if error.is_closed() => Self::Closed { reason: None },
            None if is_io(&error) => Self::Closed { reason: Some(CloseReason::Link(error.into())) },
            None => Self::Driver(error),
        }
    }
}

/// Whether the link broke. What the driver cannot put into a message, such as a text with a zero byte, is an error of that type
/// as well, but none of the system's, and nothing was sent.
fn is_io(error: &tokio_postgres::Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    source.is_some_and(|io| io.kind() != std::io::ErrorKind::InvalidInput || io.raw_os_error().is_some())
}
