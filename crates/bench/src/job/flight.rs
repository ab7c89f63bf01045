use super::repeat::Operation;
use crate::account::Ids;
use crate::peer::Peer;

/// The transaction of `closure`, of which all is known before it begins.
#[derive(Debug)]
pub(crate) struct Flight;

impl Operation for Flight {
    async fn run<P: Peer>(seat: &P::Seat, ids: &mut Ids) -> anyhow::Result<()> {
        let (id, amount) = (ids.next_own(), ids.next());
        P::flight(seat, id, amount).await?.verify_amount(id, amount)
    }
}
