//! Many orders over one session, which keeps the lock between them.

use tokio::time::timeout;

use super::Migrator;
use super::order::Order;
use crate::run::Lock;
use crate::run::session::{ANSWER_TIMEOUT, Session};
use crate::{Back, Error};

/// A session that has the lock: for whoever gives one order after the other where nobody else does, as in a shadow. Of what an
/// order takes, connecting and finding out about others would be the most.
pub(crate) struct Sitting {
    session: Session,
    lock: Lock,
}

impl Migrator {
    pub(crate) async fn sit_down(&self) -> Result<Sitting, Error> {
        let (session, lock) = self.alone().await?;
        Ok(Sitting { session, lock })
    }

    /// As [`up`](Self::up). One that fails may leave the session anyhow: sit down anew behind it.
    pub(crate) async fn up_in(&self, sitting: &Sitting) -> Result<(), Error> {
        self.carry_out_in(sitting, Order::Up).await
    }

    /// As [`down`](Self::down), and as [`up_in`](Self::up_in).
    pub(crate) async fn down_in(&self, sitting: &Sitting, back: Back) -> Result<(), Error> {
        self.carry_out_in(sitting, Order::Down(back)).await
    }

    async fn carry_out_in(&self, sitting: &Sitting, order: Order) -> Result<(), Error> {
        let Sitting { session, lock } = sitting;
        Box::pin(self.run_alone(session, *lock, order, &mut |_| {})).await.map(|_| ())
    }
}

impl Sitting {
    /// Gives the lock back.
    pub(crate) async fn end(self) {
        self.lock.release(&self.session).await;
        let _ = timeout(ANSWER_TIMEOUT, self.session.connection.close()).await;
    }
}
