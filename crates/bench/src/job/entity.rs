use super::repeat::Operation;
use crate::account::Ids;
use crate::peer::Peer;

/// Reads a row by its key, as a struct.
#[derive(Debug)]
pub(crate) struct Entity;

impl Operation for Entity {
    async fn run<P: Peer>(seat: &P::Seat, ids: &mut Ids) -> anyhow::Result<()> {
        let id = ids.next();
        P::entity(seat, id).await?.verify(id)
    }
}
