//! Files that go one behind the other without a pause: while the server runs one, the next is made ready, and it goes
//! with the COMMIT.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use futures_util::future::join3;
use pgkeel_connect::{Error as ConnectError, Executor as _, ServerError};
use tokio::time::{Instant, timeout};
use tokio_postgres::error::SqlState;

use super::engine;
use super::failure::{Failure, Reason};
use super::flight::{BEFORE_LOG, Flown, Logged, Sent, can_travel};
use super::job::{Job, Tally};
use super::runner::Runner;
use super::session::{Answers, Session};
use super::transaction::{commit, not_committed, roll_back, write};
use super::turn;
use crate::Step;
use crate::state::history;
use crate::state::log::Rows;

/// The file that goes next, made ready while the one before runs.
struct Behind {
    job: Job,
    /// For history and log, if another one follows: that this one is applied, and that the other is begun.
    rows: Option<Rows>,
}

impl<'a> Runner<'a> {
    /// Whether the file goes this way.
    pub(super) fn can_fly(&self, job: &Job) -> bool {
        self.flights.is_some() && can_travel(job)
    }

    /// Has the file go alone if it has to be tried again, or was not even begun: then it is told what that lacks.
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
            // That it was begun is in the log.
            Ok(false) => tally.started = Some(turn::now(self.context.session).await?),
            ended => return ended.map(|_| ()),
        }
        self.in_transaction(job, record, tally).await
    }

    /// Runs the file and `record`, and sends the next one with the COMMIT. `false` if the server refused what comes before
    /// the file, or its rows of history and log: nothing of it is there then, and alone it is told what is in the way.
    async fn fly(&mut self, job: &Job, record: &str, tally: &mut Tally) -> Result<bool, Failure> {
        self.watch.begin();
        let mut sent = match self.ahead.take() {
            Some(sent) => sent,
            None => self.take_off(job).await?,
        };
        let behind = self.make_ready(job).await;
        let Flown { started, ended } = self.arrive(job, &mut sent).await;
        if started.is_none() && ended.as_ref().is_err_and(|failure| !failure.reason.is_without_answer()) {
            drop(sent);
            settle(self.context.session, false).await;
            return Ok(false);
        }
        tally.started = tally.started.or(started);
        let is_alone = self.watch.stop().is_requested() || self.waited() > 0;
        let landed = match (ended, sent.logged, behind) {
            (Ok(id), Some(logged), Some(behind)) if !is_alone => {
                self.hand_over(job, &id, logged, behind).await
            }
            (Ok(id), logged, _) => {
                let is_logged = logged.is_some();
                drop(logged);
                self.land(job, record, tally, (&id, is_logged)).await.map(|()| true)
            }
            (Err(failure), _, _) => Err(failure),
        };
        if let Err(failure) = &landed {
            self.ahead = None;
            settle(self.context.session, failure.reason.is_without_answer()).await;
        }
        landed
    }

    /// Takes back the file whose turn has not come, of which it is logged that it was begun.
    pub(super) async fn call_back(&mut self, job: &Job) {
        let Some(mut sent) = self.ahead.take() else { return };
        let Flown { started, .. } = self.arrive(job, &mut sent).await;
        drop(sent);
        settle(self.context.session, false).await;
        self.give_up(job, &Tally { started, ..Tally::of(job) }, Reason::Stopped.into()).await;
    }

    /// For how many milliseconds others were in the way by now.
    fn waited(&self) -> u64 {
        self.watch.waited().load(Ordering::Relaxed)
    }

    /// Sends the first file of a row of them, with what logs that it is begun.
    async fn take_off(&mut self, job: &Job) -> Result<Sent<'a>, Failure> {
        let session = self.context.session;
        // As new it is from the preparation on until the first file has run.
        if !self.done.is_empty() {
            session.forget(self.context.limits).await?;
        }
        let flights = self.flights.as_mut().expect("looked for before");
        let line_up = flights.line_up();
        let rows = self.upcoming[0].as_ref().and_then(|next| flights.rows(&self.context, job, next));
        let mut sent = flights.send(session, job, rows);
        let running = self.context.running(job);
        let renewed = session.step(Step::SetUp, session.connection.batch_execute(&line_up));
        let (logged, renewed, ()) = join3(running.write_soon(session), renewed, go(&mut sent)).await;
        match renewed.and(logged) {
            Ok(_) => Ok(sent),
            Err(error) => {
                let failure = Failure::from(error);
                settle(session, failure.reason.is_without_answer()).await;
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
        // What refinery has against it is told when its turn has come.
        engine::record(&self.context.run.home, &next.migration, newest).await.ok()?;
        let flights = self.flights.as_ref()?;
        let rows = after.and_then(|after| flights.rows(&self.context, &next, &after));
        Some(Behind { job: next, rows })
    }

    /// Commits the transaction, for which history and log are being written, and sends the next file. `false` if they were
    /// refused, as they are if the file has left anything of the session not as it was.
    async fn hand_over(
        &mut self,
        job: &Job,
        id: &str,
        logged: Logged<'a>,
        behind: Behind,
    ) -> Result<bool, Failure> {
        let session = self.context.session;
        let flights = self.flights.as_mut().expect("looked for before");
        let end = flights.commit(id);
        let mut sent = flights.send(session, &behind.job, behind.rows);
        let mut answers = Answers::default();
        let all = join3(told(logged), session.read(&end, &mut answers), go(&mut sent));
        let all = timeout(self.context.limits.answer(), all);
        let landed = match self.watch.during(session, &job.migration, all).await {
            // COMMIT has rolled back then, as it does in a transaction that has failed.
            Ok((Err(ConnectError::Server(refused)), ..)) if !refused.is_fatal() => {
                drop(sent);
                self.watch.calm(session).await;
                return self.undone(id, &refused).await.map(|()| false);
            }
            // Of an error that ends the session this is not known: it may come from a pooler, which cannot tell how far the
            // server came with what it was sent.
            Ok((Err(source), ..)) => Err(not_committed(source)),
            // What is refused behind COMMIT is seen when the next file does not begin.
            Ok((Ok(()), Err(error), ())) if answers.ended == 0 => {
                Err(not_committed(session.connection.explain(error.into())))
            }
            Ok(_) => Ok(true),
            Err(_) => Err(Reason::OutcomeUnknown(None).into()),
        };
        match landed {
            Ok(_) => self.ahead = Some(sent),
            Err(_) => self.watch.calm(session).await,
        }
        landed
    }

    /// Makes sure that nothing is there of a file whose rows were refused: it might have ended its transaction before.
    async fn undone(&mut self, id: &str, refused: &ServerError) -> Result<(), Failure> {
        let session = self.context.session;
        if has_lost_statements(refused) {
            self.flights = None;
        }
        settle(session, false).await;
        let sql = format!(
            "select pg_catalog.pg_xact_status('{id}'::pg_catalog.xid8) operator(pg_catalog.=) 'aborted'"
        );
        // sql: the id of a transaction is a number
        match session.step(Step::Check, session.query_scalar(&sql, &[])).await? {
            Some(true) => Ok(()),
            _ => Err(Reason::TransactionEnded.into()),
        }
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

/// Whether what was prepared is gone, by a function that a file has called.
fn has_lost_statements(refused: &ServerError) -> bool {
    *refused.code() == SqlState::INVALID_SQL_STATEMENT_NAME
}

/// Waits for what was sent behind a failure, of which nothing happens, and rolls back.
async fn settle(session: &Session, is_without_answer: bool) {
    if is_without_answer {
        return;
    }
    let settled = session.step(Step::Run, session.connection.settle()).await;
    roll_back(session, settled.is_err()).await;
}
