//! Getting a session under one deadline.

use std::cell::RefCell;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use deadpool::managed::{Object, PoolError};
use tokio::time::timeout;

use crate::Error;
use crate::counts::Counts;
use crate::held::Held;
use crate::progress::{PROGRESS, Progress, Step};
use crate::slot::SlotManager;

/// Gets a session within the pool's timeout.
pub(crate) async fn acquire(
    pool: &deadpool::managed::Pool<SlotManager>,
    counts: &Arc<Counts>,
) -> Result<Object<SlotManager>, Error> {
    let start = Instant::now();
    let manager = pool.manager();
    let mut get = pin!(PROGRESS.scope(RefCell::new(Progress::waiting(counts)), pool.get()));
    let got = timeout(manager.config.timeout(), get.as_mut()).await;
    manager.totals.acquire_micros.add(start.elapsed());
    match got {
        // Closed meanwhile: what was being opened is not handed out any more.
        Ok(Ok(slot)) if pool.is_closed() => {
            drop(Held::new(slot));
            Err(Error::Closed)
        }
        Ok(Ok(mut slot)) => {
            manager.totals.acquires.add_one();
            slot.waited = start.elapsed();
            Ok(slot)
        }
        Ok(Err(PoolError::Backend(error))) => Err(error),
        Ok(Err(_)) => Err(Error::Closed),
        Err(_) => {
            manager.totals.timeouts.add_one();
            let step = get.as_mut().take_value().map_or(Step::Wait, |progress| progress.borrow().step());
            let stats = Box::new(manager.stats());
            Err(Error::AcquireTimeout { step, waited: start.elapsed(), stats })
        }
    }
}
