use super::repeat::Operation;
use crate::account::Ids;
use crate::peer::Peer;

/// A transaction of two statements: writes to one of the task's own rows, so that nobody waits for anybody's locks, and
/// reads it back. The server does not wait for a disk at COMMIT (`fsync=off`), which would hide what peers differ in.
#[derive(Debug)]
pub(crate) struct Closure;

impl Operation for Closure {
    async fn run<P: Peer>(seat: &P::Seat, ids: &mut Ids) -> anyhow::Result<()> {
        let (id, amount) = (ids.next_own(), ids.next());
        P::closure(seat, id, amount).await?.verify_amount(id, amount)
    }
}
