use std::time::{Duration, Instant};

use crate::account::Ids;
use crate::job::Job;
use crate::laps::{Limit, Tally};
use crate::peer::Peer;
use crate::server::Database;

/// Opens a pool and reads a row, again and again. What comes after the row is not counted.
pub(crate) async fn cold<P: Peer>(database: Database, limit: Limit) -> anyhow::Result<Tally> {
    let task = tokio::spawn(async move {
        let (begun, mut ids, mut times) = (Instant::now(), Ids::of_task(0), Vec::new());
        while limit.allows(times.len() as u64, begun) {
            times.push(first_row::<P>(&database, ids.next()).await?);
        }
        Ok(Tally::of_times(times))
    });
    task.await?
}

async fn first_row<P: Peer>(database: &Database, id: i64) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let peer = P::open(database, Job::Cold).await?;
    P::point(&peer.seat(0), id).await?.verify(id)?;
    let took = begun.elapsed();
    peer.close().await;
    Ok(took)
}
