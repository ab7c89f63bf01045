use futures_util::future::try_join_all;

use crate::account::Ids;
use crate::laps::{Laps, Limit, Tally};
use crate::peer::Peer;

/// Reads rows by their keys in so many tasks, each of them one by one.
pub(crate) async fn point<P: Peer>(peer: &P, tasks: usize, limit: Limit) -> anyhow::Result<Tally> {
    let limit = limit.over(tasks as u64);
    let tasks = (0..tasks).map(|task| tokio::spawn(read::<P>(peer.seat(task), Ids::of_task(task), limit)));
    let tallies = try_join_all(tasks.collect::<Vec<_>>()).await?;
    let mut all = Tally::default();
    all.extend(tallies.into_iter().collect::<anyhow::Result<Vec<_>>>()?);
    Ok(all)
}

async fn read<P: Peer>(seat: P::Seat, mut ids: Ids, limit: Limit) -> anyhow::Result<Tally> {
    let mut laps = Laps::within(limit);
    while laps.go_on() {
        let id = ids.next();
        P::point(&seat, id).await?.verify(id)?;
    }
    Ok(laps.finish())
}
