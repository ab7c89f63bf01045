//! What is seen of a statement from beside, over a second connection: who is in its way, how far an index is. And what
//! cancels it when somebody asks to stop.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use pgkeel_connect::{Canceller, Config, Executor as _};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Row;

use super::blocker::{self, Blocker};
use super::failure::{Failure, Reason};
use super::job::{Job, Tally};
use super::retry;
use super::session::{ANSWER_TIMEOUT, Session};
use super::stop::Stop;
use crate::state::Home;
use crate::{Event, IndexProgress, Migration};

/// How often is looked. The second connection is opened at the first look, so that quick files need none.
const PAUSE: Duration = Duration::from_millis(100);

/// Longest wait for what is seen from beside.
const PATIENCE: Duration = Duration::from_secs(5);

const PROGRESS: &str = "select phase,
        case when pg_catalog.starts_with(phase, 'waiting for') then lockers_done
            else blocks_done operator(pg_catalog.+) tuples_done end,
        case when pg_catalog.starts_with(phase, 'waiting for') then lockers_total
            else blocks_total operator(pg_catalog.+) tuples_total end
    from pg_catalog.pg_stat_progress_create_index where pid operator(pg_catalog.=) $1";

pub(crate) struct Watch<'a> {
    config: &'a Config,
    stop: Stop,
    /// The server's process of the session that is watched. A pooler tells its clients another one.
    pub(crate) pid: i32,
    pub(crate) observe: &'a mut (dyn FnMut(Event<'_>) + Send),
    beside: Option<Session>,
    /// Whether no second connection was to be had; it is not asked for again before the next statement.
    is_refused: bool,
    /// What was seen last of the statement under way.
    pub(crate) blockers: Vec<Blocker>,
    progress: Option<IndexProgress>,
    /// For how many milliseconds somebody was in the way of the statement under way.
    waited: Arc<AtomicU64>,
    /// A cancel request that may still be under way.
    cancelling: Option<JoinHandle<()>>,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(
        config: &'a Config,
        stop: Stop,
        pid: i32,
        observe: &'a mut (dyn FnMut(Event<'_>) + Send),
    ) -> Self {
        let (waited, blockers) = (Arc::default(), Vec::new());
        Self {
            config,
            stop,
            pid,
            observe,
            beside: None,
            is_refused: false,
            blockers,
            progress: None,
            waited,
            cancelling: None,
        }
    }

    pub(crate) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Counts on while a statement is watched.
    pub(crate) fn waited(&self) -> Arc<AtomicU64> {
        self.waited.clone()
    }

    /// For how long somebody was in the way, counted anew from here.
    pub(crate) fn take_waited(&self) -> Duration {
        Duration::from_millis(self.waited.swap(0, Ordering::Relaxed))
    }

    /// Forgets what was seen.
    pub(crate) fn begin(&mut self) {
        self.blockers.clear();
        self.progress = None;
        self.is_refused = false;
        self.waited.store(0, Ordering::Relaxed);
    }

    /// Does the work on this session, and looks meanwhile. When it ends, no cancel request is under way.
    pub(crate) async fn over<T>(
        &mut self,
        session: &Session,
        migration: &Migration,
        work: impl Future<Output = T>,
    ) -> T {
        let done = self.during(session, migration, pin!(work)).await;
        self.calm(session).await;
        done
    }

    /// As [`over`](Self::over), but a cancel request may be under way when it ends: for work behind which more was sent that
    /// is to be cancelled, too, and would have to end first.
    pub(crate) async fn during<T>(
        &mut self,
        session: &Session,
        migration: &Migration,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = pin!(work);
        let canceller = session.connection.canceller();
        let pid = self.pid;
        loop {
            let look = pin!(self.look(pid, migration, &canceller));
            match select(work.as_mut(), look).await {
                Either::Left((done, _)) => return done,
                Either::Right(((), _)) => {}
            }
        }
    }

    /// Waits until no cancel request is under way.
    pub(crate) async fn calm(&mut self, session: &Session) {
        if let Some(cancelling) = self.cancelling.take() {
            let _ = cancelling.await;
            let _ = timeout(ANSWER_TIMEOUT, session.connection.settle()).await;
        }
    }

    async fn look(&mut self, pid: i32, migration: &Migration, canceller: &Canceller) {
        let start = Instant::now();
        self.rest(canceller).await;
        let seen = timeout(PATIENCE, self.ask(pid)).await.ok().flatten();
        let Some((blockers, progress)) = seen else { return };
        if !blockers.is_empty() {
            let passed = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.waited.fetch_add(passed, Ordering::Relaxed);
            let pids = |all: &[Blocker]| all.iter().map(|blocker| blocker.pid).collect::<Vec<_>>();
            if pids(&blockers) != pids(&self.blockers) {
                (self.observe)(Event::Blocked { migration, blockers: &blockers });
            }
            self.blockers = blockers;
        }
        if let Some(progress) = progress.filter(|progress| self.progress.as_ref() != Some(progress)) {
            (self.observe)(Event::Building { migration, progress: &progress });
            self.progress = Some(progress);
        }
    }

    /// Until the next look. If somebody asks to stop, what is running is cancelled, and again at each look until it ends:
    /// the first request may have come between two statements.
    async fn rest(&mut self, canceller: &Canceller) {
        let is_first = self.cancelling.is_none();
        let asked = {
            let stop = self.stop.clone();
            let (asked, pause) = (pin!(stop.requested()), pin!(sleep(PAUSE)));
            matches!(select(asked, pause).await, Either::Left(_))
        };
        if !asked {
            return;
        }
        if !is_first {
            sleep(PAUSE).await;
        }
        if self.cancelling.as_ref().is_none_or(JoinHandle::is_finished) {
            let canceller = canceller.clone();
            self.cancelling = Some(tokio::spawn(async move {
                if let Err(error) = canceller.cancel(Canceller::USUAL_DEADLINE).await {
                    tracing::warn!(%error, "a statement could not be cancelled");
                }
            }));
        }
    }

    /// Waits before another attempt, this one having begun then.
    pub(crate) async fn pause(
        &mut self,
        job: &Job,
        tally: &mut Tally,
        begun: Instant,
    ) -> Result<(), Failure> {
        let (migration, attempts, pause) =
            (&job.migration, tally.attempts, retry::pause_after(tally.attempts));
        let blockers = std::mem::take(&mut self.blockers);
        (self.observe)(Event::Retrying { migration, attempts, pause, blockers: &blockers });
        let is_stopped = {
            let (asked, pause) = (pin!(self.stop().requested()), pin!(sleep(pause)));
            matches!(select(asked, pause).await, Either::Left(_))
        };
        tally.lost += begun.elapsed();
        if is_stopped {
            return Err(Reason::Stopped.into());
        }
        tally.attempts += 1;
        Ok(())
    }

    /// What is seen now; nothing without a second connection.
    async fn ask(&mut self, pid: i32) -> Option<(Vec<Blocker>, Option<IndexProgress>)> {
        if self.beside.as_ref().is_none_or(|beside| beside.connection.is_closed()) {
            if self.is_refused {
                return None;
            }
            self.is_refused = true; // also if this is given up half-way
            self.beside =
                Some(Session::open_as(self.config, &Home::default(), "pgkeel-migrate watch").await.ok()?);
            self.is_refused = false;
        }
        let connection = &self.beside.as_ref()?.connection;
        let blockers = connection.query(blocker::QUERY, &[&pid]).await.ok()?;
        let blockers: Vec<Blocker> = blockers.iter().filter_map(|row| Blocker::read(row).ok()).collect();
        let progress = connection.query_opt(PROGRESS, &[&pid]).await.ok()?;
        Some((blockers, progress.and_then(|row| read_progress(&row).ok())))
    }
}

/// To whole percents, so that little is told often.
#[expect(clippy::cast_precision_loss, reason = "a part of a whole needs no more digits")]
fn read_progress(row: &Row) -> Result<IndexProgress, tokio_postgres::Error> {
    let (done, total): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
    let part = (total > 0).then(|| (done as f64 / total as f64 * 100.0).floor().min(100.0) / 100.0);
    Ok(IndexProgress { phase: row.try_get(0)?, part })
}
