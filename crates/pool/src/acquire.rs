//! Getting a session under one deadline, and knowing which step missed it.

use std::cell::RefCell;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use deadpool::managed::{Object, PoolError};
use tokio::time::timeout;

use crate::counts::{Counts, Place, State};
use crate::slot::SlotManager;
use crate::{Error, PoolStats};

/// The steps of getting a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Waiting until a session is free.
    Wait,
    /// Checking a session that has rested.
    Check,
    /// Opening a connection.
    Connect,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wait => "waiting for a free session",
            Self::Check => "checking a session",
            Self::Connect => "connecting",
        })
    }
}

/// How far one caller has come.
struct Progress {
    step: Step,
    /// The caller's place among those that wait, until a session is there.
    waiting: Option<Place>,
}

tokio::task_local! {
    static PROGRESS: RefCell<Progress>;
}

/// Notes that the caller under way in this task has come to `step`.
pub(crate) fn enter(step: Step) {
    let _ = PROGRESS.try_with(|progress| {
        let mut progress = progress.borrow_mut();
        progress.step = step;
        progress.waiting = None;
    });
}

/// Gets a session within the pool's timeout.
pub(crate) async fn acquire(
    pool: &deadpool::managed::Pool<SlotManager>,
    counts: &Arc<Counts>,
) -> Result<Object<SlotManager>, Error> {
    let start = Instant::now();
    let manager = pool.manager();
    let progress = Progress { step: Step::Wait, waiting: Some(Place::take(counts, State::Waiting)) };
    let mut get = pin!(PROGRESS.scope(RefCell::new(progress), pool.get()));
    let got = timeout(manager.config.timeout(), get.as_mut()).await;
    manager.totals.acquire_micros.add(start.elapsed());
    match got {
        Ok(Ok(slot)) => {
            manager.totals.acquires.add_one();
            Ok(slot)
        }
        Ok(Err(PoolError::Backend(error))) => Err(error),
        Ok(Err(_)) => Err(Error::Closed),
        Err(_) => {
            manager.totals.timeouts.add_one();
            let step = get.as_mut().take_value().map_or(Step::Wait, |progress| progress.borrow().step);
            let stats = Box::new(PoolStats::of(manager));
            Err(Error::AcquireTimeout { step, waited: start.elapsed(), stats })
        }
    }
}
