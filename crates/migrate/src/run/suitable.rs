//! Whether a connection can be used to change a schema, before anything is written.

use std::fmt;

use pgkeel_connect::{Config, Executor as _};

use super::pooler;
use super::session::Session;
use crate::{Error, Step};

/// The oldest server whose sessions notice that their client has gone (`client_connection_check_interval`).
const OLDEST: i32 = 140_000;

/// Why a connection cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsuitable {
    /// The server is a standby, which only reads.
    Standby,
    /// The server is older than PostgreSQL 14.
    TooOld {
        /// Its version, as in `server_version_num`.
        version: i32,
    },
    /// There is a pooler in between that gives each transaction another session, on which no lock can be held.
    Pooler,
    /// Files are to be applied safely for such a pooler, and one of them has to run outside of a transaction, or is code, a
    /// repeatable or a hook.
    NeedsSession {
        /// Its name.
        file: String,
    },
}

impl fmt::Display for Unsuitable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standby => f.write_str("the server is a standby; connect to the primary"),
            Self::TooOld { version } => {
                write!(f, "the server is PostgreSQL {}; 14 is the oldest that will do", version / 10_000)
            }
            Self::Pooler => f.write_str(
                "there is a pooler in transaction mode in between, on which no lock can be held; connect to the server \
                 itself, or apply with --pooler-safe",
            ),
            Self::NeedsSession { file } => {
                write!(f, "{file} takes a session of its own; connect to the server itself")
            }
        }
    }
}

/// Refuses a connection that cannot be used.
pub(crate) async fn check(session: &Session, config: &Config) -> Result<(), Error> {
    check_server(session).await?;
    let is_shared = pooler::shares_sessions(session, config).await?;
    if is_shared { Err(Error::Unsuitable { reason: Unsuitable::Pooler }) } else { Ok(()) }
}

/// Refuses a server that cannot be used, however it is reached.
async fn check_server(session: &Session) -> Result<(), Error> {
    let sql = "select current_setting('server_version_num')::int, pg_is_in_recovery()";
    let row = session.step(Step::Check, session.query_one(sql, &[])).await?;
    let read = || Ok((row.try_get(0)?, row.try_get(1)?));
    let (version, is_standby) = read()
        .map_err(|source| pgkeel_connect::Error::Decode { column: 0, source })
        .map_err(|source| Error::Database { step: Step::Check, source })?;
    let reason = if version < OLDEST {
        Unsuitable::TooOld { version }
    } else if is_standby {
        Unsuitable::Standby
    } else {
        return Ok(());
    };
    Err(Error::Unsuitable { reason })
}
