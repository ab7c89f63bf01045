//! Keeping the lock of a demo through outages of its server.

use std::time::Duration;

use pgkeel_connect::Config;
use tokio::time::{sleep, timeout};

use crate::Target;
use crate::lease::{Lease, Taken};

/// How often the connection is looked at. That costs nothing: its driver has noticed.
const LOOK: Duration = Duration::from_millis(500);

/// How many looks there are to an empty round trip, which a link without an end does not survive.
const LOOKS_TO_A_TRIP: u32 = 20;

/// Longest wait for an empty round trip.
const TRIP: Duration = Duration::from_secs(5);

/// Between attempts to get the lock again.
const PAUSE: Duration = Duration::from_secs(1);

/// Holds the lock until it is dropped, and gets it again whenever it is lost. The workload meets the same outage and says
/// so itself; what is said here is only whether the demo is still ours.
pub(crate) async fn keep(server: Config, target: Target, mut lease: Lease) {
    loop {
        let reason = lost(&lease).await;
        tracing::debug!(database = target.name().name(), "the lock of the demo is lost: {reason}");
        lease = again(&server, &target).await;
        tracing::debug!(database = target.name().name(), "the lock of the demo is ours again");
    }
}

/// Waits until the connection is over, and says why.
async fn lost(lease: &Lease) -> String {
    let connection = lease.session().connection();
    for look in 1_u32.. {
        if connection.is_closed() {
            break;
        }
        if look % LOOKS_TO_A_TRIP == 0 && !matches!(timeout(TRIP, connection.settle()).await, Ok(Ok(()))) {
            return "the server does not answer".to_owned();
        }
        sleep(LOOK).await;
    }
    connection.close_reason().map_or_else(|| "the reason is not known".to_owned(), ToString::to_string)
}

async fn again(server: &Config, target: &Target) -> Lease {
    let mut is_said = false;
    loop {
        match Lease::take(server, target, Duration::ZERO).await {
            Ok(Taken::Ours(lease)) => return lease,
            Ok(Taken::Theirs(_, holder)) if !is_said => {
                is_said = true;
                let holder = holder.map_or_else(|| "another process".to_owned(), |holder| holder.to_string());
                tracing::warn!(
                    database = target.name().name(),
                    "during the outage {holder} has taken the demo up too"
                );
            }
            Ok(Taken::Theirs(..)) => {}
            Err(error) => tracing::debug!(%error, "the lock of the demo cannot be had again yet"),
        }
        sleep(PAUSE).await;
    }
}
