use super::repeat::Operation;
use crate::account::Ids;
use crate::peer::Peer;

/// Reads a row by its key, where many tasks may share few connections: more reads a second, of which each waits for
/// those that were sent before it. So its 99th percentile is told beside the rate.
#[derive(Debug)]
pub(crate) struct Shared;

impl Operation for Shared {
    async fn run<P: Peer>(seat: &P::Seat, ids: &mut Ids) -> anyhow::Result<()> {
        let id = ids.next();
        P::shared(seat, id).await?.verify(id)
    }
}
