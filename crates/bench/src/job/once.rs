use std::sync::atomic::{AtomicU64, Ordering};

use super::repeat::Operation;
use crate::account::{Ids, POINT};
use crate::peer::Peer;

/// Reads a row by its key with a statement whose text is new every time, so that preparing it would never pay.
#[derive(Debug)]
pub(crate) struct Once;

/// Texts made so far.
static TEXTS: AtomicU64 = AtomicU64::new(0);

impl Operation for Once {
    async fn run<P: Peer>(seat: &P::Seat, ids: &mut Ids) -> anyhow::Result<()> {
        let (id, number) = (ids.next(), TEXTS.fetch_add(1, Ordering::Relaxed));
        P::once(seat, &format!("{POINT} -- {number}"), id).await?.verify(id)
    }
}
