use crate::laps::{Laps, Limit, Tally};
use crate::peer::Peer;

/// The clock is looked at once for so many operations, as it takes a good part of one.
const BATCH: u64 = 100;

/// Takes a session and gives it back, again and again; a multiple of 100 times.
pub(crate) async fn checkout<P: Peer>(peer: &P, limit: Limit) -> anyhow::Result<Tally> {
    let seat = peer.seat(0);
    let task = tokio::spawn(async move {
        let mut laps = Laps::within(limit.over(BATCH));
        while laps.go_on() {
            for _ in 0..BATCH {
                P::checkout(&seat).await?;
            }
        }
        Ok(laps.finish().into_batches(BATCH))
    });
    task.await?
}
