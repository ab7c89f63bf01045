use super::repeat::Operation;
use crate::account::Ids;
use crate::peer::Peer;

/// Inserts a row and reads it back, in one statement.
#[derive(Debug)]
pub(crate) struct Insert;

impl Operation for Insert {
    async fn run<P: Peer>(seat: &P::Seat, _ids: &mut Ids) -> anyhow::Result<()> {
        P::insert(seat).await
    }
}
