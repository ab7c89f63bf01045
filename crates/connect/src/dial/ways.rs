//! In the clear, with TLS, or the one after the other, as `sslmode` says.
//!
//! The rules are libpq's. With one exception: it goes on to the next way after whatever a server says, we only where another
//! way may change the answer, which is where the server refuses who comes and how (class 28 of the SQLSTATEs). "Too many
//! connections" and "no such database" are the same in the clear.

use secrecy::SecretString;

use super::attempt::Attempt;
use super::enter_by;
use crate::tls::{self, Way};
use crate::{Config, Connection, Error, SqlClass};

/// What one way ended with.
#[derive(Debug)]
pub(super) struct Failure {
    /// Whether there was TLS by then.
    pub(super) encrypted: bool,
    pub(super) error: Error,
}

impl From<Error> for Failure {
    /// Nothing was encrypted yet.
    fn from(error: Error) -> Self {
        Self { encrypted: false, error }
    }
}

/// Of several failures the one that tells more comes back: that with TLS, unless the server has none.
pub(super) async fn one_after_another(
    config: &Config,
    attempt: &Attempt<'_>,
    password: Option<&SecretString>,
) -> Result<Connection, Error> {
    let ways = config.address().tls().ways(attempt.host.name());
    let mut earlier: Option<(Way, Failure)> = None;
    for (position, way) in ways.iter().enumerate() {
        let failure = match enter_by(*way, config, attempt, password).await {
            Ok(connection) => return Ok(connection),
            Err(failure) => failure,
        };
        let is_last = position + 1 == ways.len();
        if !is_last && goes_on(*way, &failure) {
            if *way == Way::TlsIfOffered {
                tracing::warn!(
                    host = %attempt.host,
                    error = %failure.error,
                    reason = std::error::Error::source(&failure.error).map(tracing::field::display),
                    "no connection with TLS, so the next try is in the clear, as sslmode=prefer has it"
                );
            }
            earlier = Some((*way, failure));
            continue;
        }
        return Err(telling(earlier, failure));
    }
    unreachable!("every mode has a way, and the last one does not go on")
}

fn goes_on(way: Way, failure: &Failure) -> bool {
    let refused =
        matches!(&failure.error, Error::Refused { source, .. } if source.class() == SqlClass::Authorization);
    match way {
        Way::Clear => refused,
        Way::TlsIfOffered => tls::falls_back(&failure.error) || refused && failure.encrypted,
        Way::Tls => false,
    }
}

fn telling(earlier: Option<(Way, Failure)>, last: Failure) -> Error {
    match earlier {
        // In the clear before, and with TLS then.
        Some((Way::Clear, earlier)) if tls::is_not_offered(&last.error) => earlier.error,
        Some((Way::TlsIfOffered, earlier)) if !last.error.is_refused_password() => earlier.error,
        _ => last.error,
    }
}
