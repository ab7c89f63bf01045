//! What can go wrong before the first answer, and while stopping.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Why a monitor could not be built, a server not be bound, or a scheduler not be stopped in time.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process, or another server of this one, listens there already.
    #[error(
        "cannot listen on {address}: the address is in use; stop what holds it, or choose another with the setting \
         `health.listen` (PGKEEL_HEALTH_LISTEN)"
    )]
    AddressInUse {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system refused to listen there for another reason, such as a privileged port or a foreign address.
    #[error("cannot listen on {address}; check the setting `health.listen` (PGKEEL_HEALTH_LISTEN)")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A setting has a value that cannot be applied.
    #[error("setting `{setting}` {problem}")]
    Setting {
        /// The name of the setting, such as `health.header_timeout`.
        setting: &'static str,
        /// What is wrong with its value.
        problem: &'static str,
    },
    /// Two probes, views or sources share a name, which would mix their series and answers.
    #[error("two {kind}s are named {name:?}; give each a name of its own")]
    DuplicateName {
        /// `probe`, `view` or `source`.
        kind: &'static str,
        /// The name used twice.
        name: String,
    },
    /// A name cannot be used in answers and labels.
    #[error(
        "{kind} name {name:?} cannot be used: write lower case letters, digits, `_` and `-`, beginning with a letter, \
         and none of `live`, `ready`, `overall`"
    )]
    InvalidName {
        /// `probe`, `view` or `source`.
        kind: &'static str,
        /// The name that was refused.
        name: String,
    },
    /// The crate's own metrics could not be set up.
    #[error("cannot set up the metrics of the HTTP server")]
    Metrics(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A background task did not end when asked to; a probe blocks its thread.
    #[error("{tasks} background tasks did not stop within {waited:?}; a probe blocks its thread")]
    StopTimeout {
        /// How many are left.
        tasks: usize,
        /// How long they were given.
        waited: Duration,
    },
}

impl Error {
    /// Whether another address would help.
    #[must_use]
    pub fn is_address_in_use(&self) -> bool {
        matches!(self, Self::AddressInUse { .. })
    }

    pub(crate) fn listen(address: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::AddressInUse { address, source },
            _ => Self::Listen { address, source },
        }
    }
}
