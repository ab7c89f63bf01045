//! Applying by way of a pooler that gives each transaction another session.
//!
//! Nothing can be held between transactions, so each takes the lock anew, as a lock of its own that ends with it, and looks
//! whether the history is still what was planned on. Whoever finds it changed plans again.

use pgkeel_connect::{Executor as _, TransactionStatus};
use tokio::time::Instant;

use super::Migrator;
use super::order::Order;
use crate::run::session::Session;
use crate::run::{Attempt, Attempts, CLEAN, Context, Job, Lock, Patience, Runner, Watch, check_roles};
use crate::state::history;
use crate::state::log::RunId;
use crate::{Applied, Error, Event, Kind, LockHolder, Report, Snapshot, Step, Unsuitable, VerifyError};

/// What came of beginning a transaction.
enum Turn {
    /// It is open, and has the lock.
    Ours(Lock),
    /// Somebody else is at it.
    Others(Option<LockHolder>),
    /// Somebody else has been at it.
    Over,
}

impl Migrator {
    pub(super) fn may_share_sessions(&self, order: Order) -> bool {
        self.is_safe_for_poolers && self.dry_run.is_none() && matches!(order, Order::Up)
    }

    pub(super) async fn run_shared(
        &self,
        session: &Session,
        observe: &mut (dyn FnMut(Event<'_>) + Send),
    ) -> Result<Report, Error> {
        let lock = Lock::of(session).await?;
        let watch = Watch::new(&self.connect, self.stop.clone(), 0, observe);
        let run = RunId::new(session, self.revision.clone()).await?;
        let context = Context { session, lock, limits: self.limits, run, is_shared: true };
        let mut runner = Runner::new(context, watch);
        let ended = self.share(&mut runner).await;
        let Runner { done, .. } = runner;
        if !done.is_empty() && !session.connection.is_closed() {
            self.record_shared(session).await;
        }
        ended.map(|()| Report { done, ..Report::default() })
    }

    /// One file after the other, as long as there is one.
    async fn share(&self, runner: &mut Runner<'_>) -> Result<(), Error> {
        let session = runner.context.session;
        let mut patience = Patience::new(self.limits.others);
        loop {
            if self.stop.is_requested() {
                return Err(Error::Stopped { before: runner.before() });
            }
            let status = self.look(session).await?;
            let rest = Self { target: self.target.after(runner.done.len()), ..self.clone() };
            let (holder, applied) = (status.holder.clone(), status.applied.clone());
            let jobs = match rest.jobs(status, Order::Up) {
                Ok(jobs) => jobs,
                // Whoever is at it may be resolving just that.
                Err(_) if holder.is_some() => {
                    patience.wait(holder, &self.stop).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let Some(job) = jobs.first() else { return Ok(()) };
            needs_no_session(&jobs)?;
            check_roles(session, &jobs).await?;
            match self.begin(session, job, &applied).await? {
                Turn::Ours(lock) => {
                    (runner.context.lock, runner.applied) = (lock, applied);
                    runner.watch.pid = lock.taken_by();
                    self.run_one(runner, job, jobs.len()).await?;
                    patience = Patience::new(self.limits.others);
                }
                Turn::Over => runner.attempt = Attempts::first(),
                Turn::Others(holder) => {
                    if patience.is_fresh() {
                        (runner.watch.observe)(Event::Waiting { holder: holder.as_ref() });
                    }
                    patience.wait(holder, &self.stop).await?;
                }
            }
        }
    }

    /// Begins a transaction with the lock, on the history that is expected, with its tables.
    async fn begin(&self, session: &Session, job: &Job, expected: &[Applied]) -> Result<Turn, Error> {
        session.step(Step::Begin, session.batch_execute("begin")).await?;
        let begun = async {
            session.forget(self.limits.of(job.script().directives())).await?;
            let lock = match Lock::attempt_in_transaction(session).await? {
                Attempt::Taken(lock) => lock,
                Attempt::HeldBy(holder) => return Ok(Turn::Others(holder)),
            };
            if history::rows(session).await? != expected {
                return Ok(Turn::Over);
            }
            if !history::missing(session).await?.is_empty() {
                history::ensure(session).await?;
                // By itself, so that it stays if the file fails, and that can be logged.
                let end = format!("{CLEAN}; commit");
                session.step(Step::MakeHistory, session.batch_execute(&end)).await?;
                return Ok(Turn::Over);
            }
            Ok(Turn::Ours(lock))
        };
        let begun = begun.await;
        let is_open = session.connection.transaction_status() != TransactionStatus::Idle;
        if !matches!(begun, Ok(Turn::Ours(_))) && is_open && !session.connection.is_closed() {
            session.step(Step::Begin, session.batch_execute("rollback")).await?;
        }
        begun
    }

    /// Runs one file in the transaction that is open; another time if that may help.
    async fn run_one(&self, runner: &mut Runner<'_>, job: &Job, of: usize) -> Result<(), Error> {
        let begun = Instant::now();
        let (migration, direction, position) = (&job.migration, job.direction, runner.done.len() + 1);
        let of = runner.done.len() + of;
        (runner.watch.observe)(Event::Begun { migration, direction, position, of, done: 0 });
        match runner.apply(job).await {
            Ok(done) => {
                (runner.watch.observe)(Event::Done(&done));
                runner.done.push(done);
                runner.attempt = Attempts::first();
                Ok(())
            }
            Err(Error::File(error))
                if error.reason.is_worth_retrying()
                    && runner.attempt.number <= self.limits.of(job.script().directives()).retries =>
            {
                runner.try_again(job, begun).await
            }
            Err(error) => Err(error),
        }
    }

    /// As [`record`](Self::record), in a transaction that has the lock. If somebody else has it, they record what they make.
    async fn record_shared(&self, session: &Session) {
        let Some(scope) = &self.recorded else { return };
        let record = async {
            session.step(Step::Begin, session.batch_execute("begin")).await?;
            session.forget(self.limits).await?;
            if let Attempt::Taken(_) = Lock::attempt_in_transaction(session).await? {
                let snapshot = Snapshot::take_in(&session.home, &session.connection, scope).await?;
                snapshot.record_in(&session.home, &session.connection, scope).await?;
            }
            Ok::<_, VerifyError>(())
        };
        let recorded = record.await;
        let end = if recorded.is_ok() { format!("{CLEAN}; commit") } else { "rollback".to_owned() };
        let ended = session.step(Step::Record, session.batch_execute(&end)).await;
        if let Err(error) = recorded.and(ended.map_err(VerifyError::from)) {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the schema that the migrations have made could not be recorded");
        }
    }
}

/// What code prepares would stay behind on sessions of others.
fn needs_no_session(jobs: &[Job]) -> Result<(), Error> {
    let is_one_transaction = |kind| matches!(kind, Kind::Versioned | Kind::Checkpoint);
    let needs_one = |job: &&Job| {
        job.script().directives().outside_transaction || !is_one_transaction(job.migration.kind())
    };
    jobs.iter().find(needs_one).map_or(Ok(()), |job| {
        let file = job.migration.file().to_owned();
        Err(Error::Unsuitable { reason: Unsuitable::NeedsSession { file } })
    })
}
