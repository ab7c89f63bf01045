use std::array;
use std::iter::zip;

use super::repeat::Operation;
use crate::account::Ids;
use crate::peer::Peer;

/// How many statements a batch has.
pub(crate) const BATCH: usize = 100;

/// Reads a hundred rows by their keys, each with a statement of its own; all of them are one operation.
#[derive(Debug)]
pub(crate) struct Batch;

impl Operation for Batch {
    async fn run<P: Peer>(seat: &P::Seat, ids: &mut Ids) -> anyhow::Result<()> {
        let ids: [i64; BATCH] = array::from_fn(|_| ids.next());
        let accounts = P::batch(seat, &ids).await?;
        anyhow::ensure!(accounts.len() == BATCH, "of {BATCH} rows {} came", accounts.len());
        zip(&accounts, ids).try_for_each(|(account, id)| account.verify(id))
    }
}
