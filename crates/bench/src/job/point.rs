use super::repeat::Operation;
use crate::account::Ids;
use crate::peer::Peer;

/// Reads a row by its key.
#[derive(Debug)]
pub(crate) struct Point;

impl Operation for Point {
    async fn run<P: Peer>(seat: &P::Seat, ids: &mut Ids) -> anyhow::Result<()> {
        let id = ids.next();
        P::point(seat, id).await?.verify(id)
    }
}
