//! Files that go one behind the other without a pause: while the server runs one, the next is made ready, and it goes
//! with the COMMIT.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use futures_util::future::{MaybeDone, join3};
use pgkeel_connect::{Error as ConnectError, Executor as _, ServerError};
use tokio::time::{Instant, timeout};
use tokio_postgres::error::SqlState;

use super::engine;
use super::failure::{Failure, Reason};
use super::flight::{BEFORE_LOG, Flown, Leaves, Logged, Sent, can_travel};
use super::job::{Job, Tally};
use super::runner::Runner;
use super::session::{Answers, Session};
use super::transaction::{commit, not_committed, roll_back, write};
use crate::state::history;
use crate::state::log::Rows;
use crate::{Error, Step};

/// The file that goes next, made ready while the one before runs.
struct Behind {
    job: Job,
    record: String,
    /// For the log, if another one follows: that this one has ended, and that the other is begun.
    rows: Option<Rows>,
}

impl<'a> Runner<'a> {
    /// Whether the file goes this way.
    pub(super) fn can_fly(&self, job: &Job) -> bool {
        self.flights.is_some() && can_travel(job)
    }

    /// Has the file go alone if it has to be tried again.
    pub(super) async fn fly_or_run(
        &mut self,
        job: &Job,
        record: &str,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let begun = Instant::now();
        match self.fly(job, record, tally).await {
            Err(failure) if self.can_be_tried_again(&failure, job, tally) => {
                self.watch.pause(job, tally, begun).await?;
            }
            Err(failure) if may_go_alone(&failure) => self.flights = None,
            ended => return ended,
        }
        self.in_transaction(job, record, tally).await
    }

    /// Runs the file and `record`, and sends the next one with the COMMIT.
    async fn fly(&mut self, job: &Job, record: &str, tally: &mut Tally) -> Result<(), Failure> {
        self.watch.begin();
        let mut sent = match self.ahead.take() {
            Some(sent) => sent,
            None => self.take_off(job).await?,
        };
        let behind = self.make_ready(job).await;
        let Flown { started, ended } = self.arrive(job, &mut sent).await;
        tally.started = tally.started.or(started);
        let is_alone = self.watch.stop().is_requested() || self.waited() > 0;
        let landed = match (ended, sent.logged, behind) {
            (Ok(Leaves { is_plain: true, .. }), Some(logged), Some(behind)) if !is_alone => {
                self.hand_over(job, record, logged, behind).await
            }
            (Ok(Leaves { id, .. }), logged, _) => {
                let is_logged = logged.is_some();
                drop(logged);
                self.land(job, record, tally, (&id, is_logged)).await
            }
            (Err(failure), _, _) => Err(failure),
        };
        if let Err(failure) = &landed {
            self.ahead = None;
            settle(self.context.session, failure).await;
        }
        landed
    }

    /// Takes back the file whose turn has not come, of which it is logged that it was begun.
    pub(super) async fn call_back(&mut self, job: &Job) {
        let Some(mut sent) = self.ahead.take() else { return };
        let Flown { started, .. } = self.arrive(job, &mut sent).await;
        let stopped = Failure::from(Reason::Stopped);
        settle(self.context.session, &stopped).await;
        self.give_up(job, &Tally { started, ..Tally::of(job) }, stopped).await;
    }

    /// For how many milliseconds others were in the way by now.
    fn waited(&self) -> u64 {
        self.watch.waited().load(Ordering::Relaxed)
    }

    /// Sends the first file of a row of them, with what logs that it is begun.
    async fn take_off(&mut self, job: &Job) -> Result<Sent<'a>, Failure> {
        let session = self.context.session;
        session.forget(self.context.limits).await?;
        let flights = self.flights.as_mut().expect("looked for before");
        let as_new = flights.make_as_new(session);
        let rows = self.upcoming[0].as_ref().and_then(|next| self.context.handover(job, next));
        let mut sent = flights.send(session, job, String::new(), rows);
        let running = self.context.running(job);
        let renewed = session.step(Step::SetUp, session.connection.batch_execute(&as_new));
        let (logged, renewed, ()) = join3(running.write_soon(session), renewed, go(&mut sent)).await;
        match renewed.and(logged) {
            Ok(_) => Ok(sent),
            Err(error) => {
                let failure = Failure::from(error);
                settle(session, &failure).await;
                Err(failure)
            }
        }
    }

    async fn arrive(&mut self, job: &Job, sent: &mut Sent<'_>) -> Flown {
        let limit = self.context.limits.answer();
        let arrived = timeout(limit, async {
            (&mut sent.run).await;
            Pin::new(&mut sent.run).take_output().expect("it has just ended")
        });
        let arrived = self.watch.over(self.context.session, &job.migration, arrived).await;
        let late = |_| Flown::never(Reason::TooSlow { waited: limit }.into());
        arrived.unwrap_or_else(late)
    }

    async fn make_ready(&mut self, job: &Job) -> Option<Behind> {
        let [next, after] = std::mem::take(&mut self.upcoming);
        let next = next.filter(can_travel)?;
        let made = history::made_by(&job.migration, SystemTime::now());
        let newest = self.applied.iter().chain(&made).max_by_key(|row| row.version);
        let record = engine::record(&self.context.run.home, &next.migration, newest).await.ok()?;
        let rows = after.and_then(|after| self.context.handover(&next, &after));
        Some(Behind { job: next, record, rows })
    }

    /// Writes into the history and commits, and sends the next file.
    async fn hand_over(
        &mut self,
        job: &Job,
        record: &str,
        logged: Logged<'a>,
        behind: Behind,
    ) -> Result<(), Failure> {
        let session = self.context.session;
        let flights = self.flights.as_mut().expect("looked for before");
        let end = format!("{record};\ncommit;\n{}", flights.make_as_new(session));
        let mut sent = flights.send(session, &behind.job, behind.record, behind.rows);
        let mut answers = Answers::default();
        let all = timeout(
            self.context.limits.answer(),
            join3(session.read(&end, &mut answers), go(&mut sent), told(logged)),
        );
        let landed = match self.watch.during(session, &job.migration, all).await {
            Ok((ended, (), logged)) => committed(session, logged, ended, answers.ended),
            Err(_) => Err(Reason::OutcomeUnknown(None).into()),
        };
        match landed {
            Ok(None) => self.ahead = Some(sent),
            Ok(Some(source)) => {
                let failure = Error::Database { step: Step::SetUp, source }.into();
                self.ahead = Some(Sent { run: MaybeDone::Done(Flown::never(failure)), ..sent });
            }
            Err(failure) => {
                self.watch.calm(session).await;
                return Err(failure);
            }
        }
        Ok(())
    }

    /// Writes into history and log whatever the file has left of the session, and commits. What was logged with the file
    /// did not know that.
    async fn land(
        &mut self,
        job: &Job,
        record: &str,
        tally: &Tally,
        (id, is_logged): (&str, bool),
    ) -> Result<(), Failure> {
        let context = &self.context;
        let (session, lock, limits) = (context.session, context.lock, context.limits);
        let waited = Duration::from_millis(self.waited());
        let record = format!("{record};\n{}", context.last_entry(job, tally, waited));
        let landing = async {
            if is_logged {
                session.step(Step::Log, session.connection.batch_execute(BEFORE_LOG)).await?;
            }
            write(session, lock, limits, id, &record).await?;
            commit(session, limits).await
        };
        self.watch.over(session, &job.migration, landing).await
    }
}

async fn told(mut logged: Logged<'_>) -> Result<(), ConnectError> {
    (&mut logged).await;
    Pin::new(&mut logged).take_output().expect("it has just ended")
}

/// Has it sent, and waits for nothing.
async fn go(sent: &mut Sent<'_>) {
    poll_fn(|context| {
        let _ = Pin::new(&mut sent.run).poll(context);
        if let Some(logged) = &mut sent.logged {
            let _ = Pin::new(logged).poll(context);
        }
        Poll::Ready(())
    })
    .await;
}

/// What has become of a file of which the history and COMMIT were sent in one message, of which so many statements have ended.
/// If it is committed: what went wrong behind COMMIT, where the session is made as new for the next file, which does not run
/// then.
fn committed(
    session: &Session,
    logged: Result<(), ConnectError>,
    ended: Result<(), tokio_postgres::Error>,
    statements: usize,
) -> Result<Option<ConnectError>, Failure> {
    // One that ends the session may come from a pooler, which cannot tell how far the server came with what it was sent.
    let is_refused =
        |error: &ConnectError| matches!(error, ConnectError::Server(source) if !source.is_fatal());
    let unwritten = |source| Err(Error::Database { step: Step::Record, source }.into());
    match (logged, ended.map_err(|error| session.connection.explain(error.into()))) {
        (_, Ok(())) => Ok(None),
        (_, Err(source)) if statements >= 2 => Ok(Some(source)),
        (Err(source), _) if is_refused(&source) => unwritten(source),
        (Ok(()), Err(source)) if statements == 0 && is_refused(&source) => unwritten(source),
        (_, Err(source)) => Err(not_committed(source)),
    }
}

/// Whether what was prepared is gone, by a function that a file has called, or the session was not proved to be as new and to
/// have the lock. A file that goes by itself asks for each of the two.
fn may_go_alone(failure: &Failure) -> bool {
    let is_gone = |error: &ServerError| *error.code() == SqlState::INVALID_SQL_STATEMENT_NAME;
    match failure.reason {
        Reason::LockLost => true,
        Reason::Besides(_) => failure.reason.server().is_some_and(is_gone),
        _ => false,
    }
}

/// Waits for what was sent behind a failure, of which nothing happens, and rolls back.
async fn settle(session: &Session, failure: &Failure) {
    if failure.reason.is_without_answer() {
        return;
    }
    let settled = session.step(Step::Run, session.connection.settle()).await;
    roll_back(session, settled.is_err()).await;
}
