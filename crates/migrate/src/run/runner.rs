//! Runs files one after the other, each with its rows in history and log.

use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::context::Context;
use super::failure::{Failure, FileError, Reason, Stays};
use super::flight::{Flights, Sent, can_travel};
use super::job::{Job, Tally};
use super::report::Done;
use super::turn::{self, Attempts};
use super::turns::Turns;
use super::watch::Watch;
use super::{engine, one_by_one, transaction};
use crate::state::{history, repeated};
use crate::{Applied, Direction, Error, Event, Kind};

/// A call that runs files.
pub(crate) struct Runner<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) watch: Watch<'a>,
    /// What is applied by now, in the order of versions.
    pub(crate) applied: Vec<Applied>,
    /// Whether repeatables are recorded that a way back may take something from.
    pub(crate) has_repeated: bool,
    pub(crate) done: Vec<Done>,
    /// Of the file that is next, on a shared session; else each file counts its own.
    pub(crate) attempt: Attempts,
    /// How files go one behind the other, where they may.
    pub(crate) flights: Option<Flights>,
    /// Whose turns are next behind the file under way, and then.
    pub(super) upcoming: [Option<Job>; 2],
    /// The file that is under way already, its turn not having come yet.
    pub(super) ahead: Option<Sent<'a>>,
}

impl<'a> Runner<'a> {
    pub(crate) fn new(context: Context<'a>, watch: Watch<'a>) -> Self {
        Self {
            context,
            watch,
            applied: Vec::new(),
            has_repeated: false,
            done: Vec::new(),
            attempt: Attempts::first(),
            flights: None,
            upcoming: [None, None],
            ahead: None,
        }
    }

    pub(crate) async fn run_all(&mut self, jobs: &[Job]) -> Result<(), Error> {
        let (mut turns, of) = (Turns::new(jobs), jobs.len());
        let mut travelling = jobs.iter().filter(|job| can_travel(job));
        // To be ready for many takes a while.
        if let (Some(like), Some(_)) = (travelling.next(), travelling.next()) {
            self.flights = Some(Flights::prepare(&self.context, jobs, like).await?);
        }
        while let Some(job) = turns.next() {
            self.upcoming = turns.upcoming().map(Option::<&Job>::cloned);
            if self.watch.stop().is_requested() {
                self.call_back(job).await;
                return Err(Error::Stopped { before: self.before() });
            }
            let (migration, direction) = (&job.migration, job.direction);
            let (position, done) = (self.done.len() + 1, job.done);
            (self.watch.observe)(Event::Begun { migration, direction, position, of, done });
            match self.run_one(job).await {
                Ok(done) => {
                    (self.watch.observe)(Event::Done(&done));
                    self.done.push(done);
                    turns.went_well();
                }
                Err(error) => {
                    let lacks = turns.put_off(job, error)?;
                    (self.watch.observe)(Event::PutOff { migration, lacks: &lacks });
                }
            }
        }
        Ok(())
    }

    async fn run_one(&mut self, job: &Job) -> Result<Done, Error> {
        match job.migration.kind() {
            Kind::Hook => return self.perform(job, "").await,
            Kind::Repeatable => {
                return self.perform(job, &repeated::remember(&self.context.run.home, &job.migration)).await;
            }
            Kind::Versioned | Kind::Code | Kind::Checkpoint => {}
        }
        let version = job.migration.version();
        let ended = match job.direction {
            Direction::Up => self.apply(job).await,
            Direction::Down => self.perform(job, &self.forget(job)).await,
        };
        let done = ended?;
        match job.direction {
            Direction::Up => {
                self.applied.extend(history::made_by(&job.migration, SystemTime::now()));
                self.applied.sort_by_key(|row| row.version);
            }
            Direction::Down => self.applied.retain(|row| row.version != version),
        }
        Ok(done)
    }

    /// Runs the file; its row in the history is refinery's, but a checkpoint has many.
    pub(crate) async fn apply(&mut self, job: &Job) -> Result<Done, Error> {
        if job.migration.kind() == Kind::Checkpoint {
            return self.perform(job, &history::remember(&self.context.run.home, &job.migration, None)).await;
        }
        let record = engine::record(&self.context.run.home, &job.migration, self.applied.last()).await?;
        self.perform(job, &record).await
    }

    /// The statement that takes a migration out of the history. Who knows what the way back takes along: so repeatables
    /// are due again.
    fn forget(&self, job: &Job) -> String {
        let home = &self.context.run.home;
        let forget = history::forget(home, job.migration.version());
        if self.has_repeated { format!("{forget};\n{}", repeated::forget(home)) } else { forget }
    }

    /// Runs the file and `record`, which changes the history, and writes the log.
    pub(crate) async fn perform(&mut self, job: &Job, record: &str) -> Result<Done, Error> {
        let (begun, context) = (Instant::now(), &self.context);
        let Attempts { number: attempts, lost } = self.attempt;
        let mut tally = Tally { attempts, lost, ..Tally::of(job) };
        let outside_transaction = job.script().directives().outside_transaction;
        let ended = if context.is_shared {
            tally.started = Some(turn::now(context.session).await?);
            Box::pin(self.take_turn(job, record, &tally)).await
        } else if outside_transaction {
            Box::pin(one_by_one::run(self, job, record, &mut tally)).await
        } else if self.can_fly(job) {
            Box::pin(self.fly_or_run(job, record, &mut tally)).await
        } else {
            Box::pin(self.in_transaction(job, record, &mut tally)).await
        };
        if let Err(failure) = ended {
            return Err(self.give_up(job, &tally, failure).await);
        }
        Ok(Done {
            migration: job.migration.clone(),
            direction: job.direction,
            statements: job.script().len(),
            outside_transaction,
            took: begun.elapsed(),
            lock_wait: tally.lost + self.watch.take_waited(),
            attempts: tally.attempts,
            backfilled: tally.backfilled,
        })
    }

    pub(super) fn can_be_tried_again(&self, failure: &Failure, job: &Job, tally: &Tally) -> bool {
        let limits = self.context.limits.of(job.script().directives());
        failure.reason.is_worth_retrying() && tally.attempts <= limits.retries
    }

    pub(super) async fn in_transaction(
        &mut self,
        job: &Job,
        record: &str,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let limits = self.context.limits.of(job.script().directives());
        loop {
            let context = &self.context;
            let (session, lock, running) = (context.session, context.lock, context.running(job));
            let (begun, waited) = (Instant::now(), self.watch.waited());
            self.watch.begin();
            let run = async {
                let running = tally.started.is_none().then_some(&running);
                let (id, started) = transaction::open(session, lock, limits, running).await?;
                tally.started = tally.started.or(started);
                let record = || {
                    let seen = Duration::from_millis(waited.load(Ordering::Relaxed));
                    format!("{record};\n{}", context.last_entry(job, tally, seen))
                };
                transaction::run(session, lock, limits, job, record, &id).await
            };
            let ended = self.watch.over(context.session, &job.migration, run).await;
            match ended {
                Err(failure) if self.can_be_tried_again(&failure, job, tally) => {
                    self.watch.pause(job, tally, begun).await?;
                }
                ended => return ended,
            }
        }
    }

    /// Logs the failure, if anybody is there to take it, and says all that is known.
    pub(super) async fn give_up(&mut self, job: &Job, tally: &Tally, failure: Failure) -> Error {
        let stops = self.watch.stop().is_requested() && failure.reason.is_cancelled();
        let reason = if stops { Reason::Stopped } else { failure.reason };
        let of = job.script().len();
        let stays = match (&reason, tally.backfilled) {
            (Reason::TransactionEnded | Reason::OutcomeUnknown(_), _) => Stays::Unknown,
            (_, Some(so_far)) => Stays::Batches(so_far),
            _ if job.script().directives().outside_transaction => Stays::Statements { done: tally.done, of },
            _ => Stays::Nothing,
        };
        let error = FileError {
            file: failure.file.unwrap_or_else(|| job.script().file().to_owned()),
            direction: job.direction,
            at: failure.at,
            reason,
            stays,
            attempts: tally.attempts,
            blockers: std::mem::take(&mut self.watch.blockers),
            before: self.before(),
        };
        if !error.reason.is_without_answer() {
            self.context.log(job, tally, &error).await;
        }
        Error::File(Box::new(error))
    }

    /// The files that have run.
    pub(crate) fn before(&self) -> Vec<String> {
        let file = |done: &Done| match done.direction {
            Direction::Up => done.migration.file().to_owned(),
            Direction::Down => done.migration.down().map_or_else(String::new, |down| down.file().to_owned()),
        };
        self.done.iter().map(file).collect()
    }
}
