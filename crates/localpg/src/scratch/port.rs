//! TCP ports for scratch clusters.
//!
//! PostgreSQL cannot ask the system for a free port, and a port that was free a moment ago may be taken by an
//! outgoing connection. So ports come from below the range for those (Linux: 32768 to 60999), a lock file keeps
//! our own clusters apart, and whoever is told by the server that the port is taken tries the next one.

use std::{ops::Range, path::Path, time::Duration};

use crate::{
    Error,
    machine::{account::Account, lock::Lock, random},
};

const RANGE: Range<u16> = 20_000..30_000;

/// How many ports may be taken before the search is given up.
pub(crate) const TRIES: u32 = 50;

/// A port that no other scratch cluster uses while this is held.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    _lock: Lock,
}

impl Port {
    /// Claims one, beginning anywhere.
    pub(crate) fn claim(cache: &Path, account: &Account) -> Result<Self, Error> {
        let first = u32::from_str_radix(&random::hex::<3>()?, 16).unwrap_or_default();
        let size = u32::from(RANGE.end - RANGE.start);
        for offset in (first..).take(TRIES as usize) {
            let number = RANGE.start + u16::try_from(offset % size).unwrap_or_default();
            match Lock::exclusive(&cache.join(format!("port-{number}")), account, Duration::ZERO) {
                Ok(lock) => return Ok(Self { number, _lock: lock }),
                Err(Error::LockTimeout { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::NoFreePort { tried: TRIES })
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}

/// Whether a server did not start because its port was taken.
pub(crate) fn is_taken(error: &Error) -> bool {
    // Both texts are in PostgreSQL's postmaster; the C locale keeps them in English.
    matches!(error, Error::StartFailed { tail, .. } if tail.contains("could not create any TCP/IP sockets"))
}
