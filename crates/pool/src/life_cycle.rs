//! Starting, pausing, changing and ending a pool.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use crate::core::Phase;
use crate::counts::Snapshot;
use crate::{Config, Error, Pool, upkeep};

/// How long sessions that were told to end at the close of the pool may take to come back.
const GRACE: Duration = Duration::from_secs(1);

/// What became of the sessions when the pool was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseReport {
    /// Sessions that had not ended when the deadline came: what they were doing was cancelled.
    pub cancelled: u32,
    /// Sessions that did not end even then: their sockets were closed.
    pub killed: u32,
    /// How long it took.
    pub took: Duration,
}

impl CloseReport {
    /// Whether all sessions came back by themselves.
    #[must_use]
    pub fn is_graceful(&self) -> bool {
        self.cancelled == 0
    }
}

impl Pool {
    /// Opens a session unless there is one, also after [`close`](Self::close). However many ask at the same time, it
    /// happens once. Not needed before using the pool, except after a close.
    ///
    /// # Errors
    /// As [`session`](Self::session).
    ///
    /// # Cancellation
    /// Dropping the future stops the waiting; what is being opened joins the pool.
    pub async fn start(&self) -> Result<(), Error> {
        let _one_at_a_time = self.core.starting.lock().await;
        self.core.pass(Phase::Closed, Phase::Open);
        let now = self.stats();
        if now.idle + now.in_use == 0 {
            drop(self.session().await?);
        }
        Ok(())
    }

    /// Opens sessions until `count` are there, at most `pool.size`: before the first callers come. Those that others
    /// hold count.
    ///
    /// # Errors
    /// As [`session`](Self::session), of the first that could not be opened.
    ///
    /// # Cancellation
    /// As [`start`](Self::start).
    pub async fn warm_up(&self, count: u32) -> Result<(), Error> {
        // Two that hold what the other waits for would both wait in vain.
        let _one_at_a_time = self.core.starting.lock().await;
        let count = count.min(self.config().size()).saturating_sub(self.stats().checked_out());
        try_join_all((0..count).map(|_| self.session())).await.map(drop)
    }

    /// Hands out no sessions until [`resume`](Self::resume): callers wait, each within its deadline. Free sessions are
    /// closed, those in use when they come back; waits for that, at most until the deadline or the end of the pause, and
    /// returns how many are still there then. For a planned failover.
    ///
    /// # Cancellation
    /// Dropping the future stops the waiting; the pool stays paused.
    pub async fn pause(&self, deadline: Duration) -> u32 {
        self.core.pass(Phase::Open, Phase::Paused);
        self.empty_within(deadline).await
    }

    /// Ends a pause.
    pub fn resume(&self) {
        self.core.pass(Phase::Paused, Phase::Open);
    }

    /// Goes on under another configuration: numbers of sessions, times, and where and how connections are opened from
    /// now on. Sessions that are open stay; [`invalidate_all`](Self::invalidate_all) replaces them, as after a change of
    /// password.
    pub fn reload(&self, config: Config) {
        self.core.gate.store(crate::open::Gate::new(config.connect_concurrency()));
        self.core.configure(config);
        self.core.counts.tell_all();
        upkeep::sweep(&self.core);
    }

    /// No session that is open now is used again: free ones are closed at once, the others when they come back.
    /// For when all of them are known to be wrong, as after a failover or a change of passwords.
    pub fn invalidate_all(&self) {
        self.core.next_generation();
        upkeep::sweep(&self.core);
    }

    /// Ends the pool: callers who wait are turned away, what is being opened is given up, free sessions are closed, those
    /// in use when they come back. Of those that have not at the deadline the statement is cancelled; of those that have
    /// not a second later the socket is closed. [`start`](Self::start) begins anew, and ends a close that is under way.
    ///
    /// # Cancellation
    /// Dropping the future stops the waiting and the forcing; the pool stays closed.
    pub async fn close(&self, deadline: Duration) -> CloseReport {
        let begun = Instant::now();
        self.core.enter(Phase::Closed);
        let late = self.empty_within(deadline).await;
        let mut killed = 0;
        if late > 0 && self.is_closed() {
            self.core.cancel_all(GRACE).await;
            killed = self.empty_within(GRACE).await;
        }
        if killed > 0 && self.is_closed() {
            self.core.kill_all();
        }
        CloseReport { cancelled: late, killed, took: begun.elapsed() }
    }

    /// Waits until there is no session, or the pool is open again, and returns how many there are then.
    async fn empty_within(&self, deadline: Duration) -> u32 {
        let is_done = |now: Snapshot| now.sessions() == 0 || self.core.is_open();
        let _ = tokio::time::timeout(deadline, self.core.counts.until(is_done)).await;
        self.core.counts.snapshot().sessions()
    }
}
