use futures_util::future::try_join_all;

use crate::account::Ids;
use crate::laps::{Laps, Limit, Tally};
use crate::peer::Peer;

/// What a task does again and again.
pub(crate) trait Operation: 'static {
    /// Does it once, and fails unless the right rows came.
    fn run<P: Peer>(seat: &P::Seat, ids: &mut Ids) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// Repeats an operation in so many tasks, each of them one by one.
pub(crate) async fn repeat<O: Operation, P: Peer>(
    peer: &P,
    tasks: usize,
    limit: Limit,
) -> anyhow::Result<Tally> {
    let limit = limit.over(tasks as u64);
    let tasks =
        (0..tasks).map(|task| tokio::spawn(in_task::<O, P>(peer.seat(task), Ids::of_task(task), limit)));
    let tallies = try_join_all(tasks.collect::<Vec<_>>()).await?;
    let mut all = Tally::default();
    all.extend(tallies.into_iter().collect::<anyhow::Result<Vec<_>>>()?);
    Ok(all)
}

async fn in_task<O: Operation, P: Peer>(seat: P::Seat, mut ids: Ids, limit: Limit) -> anyhow::Result<Tally> {
    let mut laps = Laps::within(limit);
    while laps.go_on() {
        O::run::<P>(&seat, &mut ids).await?;
    }
    Ok(laps.finish())
}
