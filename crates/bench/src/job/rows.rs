use super::repeat::Operation;
use crate::account::{Ids, verify_all};
use crate::peer::Peer;

/// Reads all rows, as structs; all of them are one operation.
#[derive(Debug)]
pub(crate) struct Rows;

impl Operation for Rows {
    async fn run<P: Peer>(seat: &P::Seat, _: &mut Ids) -> anyhow::Result<()> {
        verify_all(P::rows(seat).await?.iter().map(P::fields))
    }
}
