//! Whether a connection can be used to change a schema, before anything is written.

use std::fmt;

use pgkeel_connect::{Config, Executor as _};

use super::session::Session;
use crate::{Error, Step};

/// The oldest server whose sessions notice that their client has gone (`client_connection_check_interval`).
const OLDEST: i32 = 140_000;

/// Why a connection cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
                 itself",
            ),
        }
    }
}

/// Refuses a connection that cannot be used.
pub(crate) async fn check(session: &Session, config: &Config) -> Result<(), Error> {
    let sql = "select current_setting('server_version_num')::int, pg_is_in_recovery()";
    let row = session.step(Step::Check, session.connection.query_one(sql, &[])).await?;
    let read = || Ok((row.try_get(0)?, row.try_get(1)?));
    let (version, is_standby) = read()
        .map_err(|source| pgkeel_connect::Error::Decode { column: 0, source })
        .map_err(|source| Error::Database { step: Step::Check, source })?;
    let reason = if version < OLDEST {
        Unsuitable::TooOld { version }
    } else if is_standby {
        Unsuitable::Standby
    } else if is_pooled(session, config).await? {
        Unsuitable::Pooler
    } else {
        return Ok(());
    };
    Err(Error::Unsuitable { reason })
}

/// A pooler makes up the process id that it tells its clients. If it gives sessions to transactions, it gives the same
/// one to another client while the first rests, or the first another one after that. It is not noticed if it has several
/// free and happens to give each client its own; then the lock's proof in each transaction is what is left.
async fn is_pooled(session: &Session, config: &Config) -> Result<bool, Error> {
    let first = pid(session).await?;
    if session.connection.backend_pid() == Some(first) {
        return Ok(false);
    }
    let other = Session::open(config).await?;
    other.step(Step::Check, other.connection.batch_execute("begin")).await?;
    let theirs = pid(&other).await?;
    let is_pooled = theirs == first || pid(session).await? != first;
    other.step(Step::Check, other.connection.batch_execute("rollback")).await?;
    other.connection.close().await;
    Ok(is_pooled)
}

async fn pid(session: &Session) -> Result<i32, Error> {
    session.step(Step::Check, session.connection.query_scalar("select pg_backend_pid()", &[])).await
}
