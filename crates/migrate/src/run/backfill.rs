//! A backfill: one statement again and again, each time in a transaction of its own, until it changes no row.
//!
//! What is done the statement itself leaves out, so whatever is lost between two batches, the next call goes on with it. The
//! log says how far it was: a row in the transaction of the first batch, then about one a second, and one at the end.

use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use futures_util::future::{Either, select};
use pgkeel_connect::{Executor as _, TransactionStatus};
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::{Row, SimpleQueryMessage};

use super::failure::{Failure, Reason};
use super::report::Backfilled;
use super::runner::{Context, Job, Runner, Tally};
use super::session::{Limits, Session};
use super::stop::Stop;
use super::transaction::{PLAIN, begin, commit, refused, roll_back};
use crate::files::{BATCH_SETTING, Script, verb};
use crate::state::history;
use crate::state::log::{Entry, State};
use crate::{Backfill, Error, Event, Step};

/// How often it is told, and logged, how far it is.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// A statement that leaves out what is done goes once through its tables. So many times more are for estimates that are
/// wrong, for batches that are not full, and for rows that come in meanwhile.
const TIMES: u64 = 10;

/// So many batches are always allowed: of small tables, and of rows that come from no table.
const FEW_BATCHES: u64 = 100;

/// Where a backfill has come to.
struct Course {
    begun: Instant,
    /// When it was told last.
    told: Option<Instant>,
    so_far: Backfilled,
    /// What its tables held in its first batch.
    size: Option<Size>,
    most: u64,
    takes_notes: bool,
}

/// How many rows tables hold, by estimate.
#[derive(Clone, Copy)]
struct Size {
    /// Those that it reads and changes.
    all: u64,
    /// Those that it changes.
    changed: u64,
}

/// Repeats the statement of the file.
pub(super) async fn run(
    runner: &mut Runner<'_>,
    job: &Job,
    backfill: Backfill,
    limits: Limits,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let session = runner.context.session;
    let set = format!("set {BATCH_SETTING} = {}", backfill.batch);
    session.step(Step::SetUp, session.connection.batch_execute(&set)).await?;
    let takes_notes = session.step(Step::Log, history::takes_notes(session)).await?;
    let mut course = Course::new(backfill.max_batches, takes_notes);
    course.note(tally);
    loop {
        if runner.watch.stop().is_requested() {
            return Err(Reason::Stopped.into());
        }
        let rows = with_retries(runner, job, limits, &mut course, tally).await?;
        if rows == 0 {
            course.note(tally);
            return Ok(());
        }
        course.add(rows, backfill, job.script());
        course.note(tally);
        if course.is_due() {
            let so_far = &course.so_far;
            (runner.watch.observe)(Event::Backfilling { migration: &job.migration, so_far });
            course.told = Some(Instant::now());
        }
        if course.so_far.batches >= course.most {
            let batches = course.so_far.batches;
            return Err(Failure::from(Reason::Unending { batches }).at(job.script().location(0)));
        }
        rest(runner.watch.stop(), backfill.pause).await;
    }
}

/// Until the next batch, or until somebody asks to stop.
async fn rest(stop: &Stop, pause: Duration) {
    if !pause.is_zero() {
        let _: Either<_, _> = select(pin!(stop.requested()), pin!(sleep(pause))).await;
    }
}

/// Runs a batch until it has gone well, and returns how many rows it has changed. Each batch has attempts of its own.
async fn with_retries(
    runner: &mut Runner<'_>,
    job: &Job,
    limits: Limits,
    course: &mut Course,
    tally: &mut Tally,
) -> Result<u64, Failure> {
    let mut own = Tally { started: None, attempts: 1, lost: Duration::ZERO, done: 0, backfilled: None, note: None };
    let ended = loop {
        let begun = Instant::now();
        runner.watch.begin();
        let context = &runner.context;
        let run = batch(context, job, limits, course, tally);
        match runner.watch.over(context.session, &job.migration, run).await {
            Err(failure) if failure.reason.is_worth_retrying() && own.attempts <= limits.retries => {
                match runner.watch.pause(job, &mut own, begun).await {
                    Ok(()) => {}
                    Err(stopped) => break Err(stopped),
                }
            }
            ended => break ended,
        }
    };
    tally.attempts += own.attempts - 1;
    tally.lost += own.lost + runner.watch.take_waited();
    ended.map_err(|failure| failure.at(job.script().location(0)))
}

/// One transaction, in which the lock is proved to be held.
async fn batch(
    context: &Context<'_>,
    job: &Job,
    limits: Limits,
    course: &mut Course,
    tally: &Tally,
) -> Result<u64, Failure> {
    let session = context.session;
    begin(session, context.lock).await?;
    let changed = async {
        session.take_role(job.script().directives()).await?;
        let rows = send(session, limits, job.script()).await?;
        if session.connection.transaction_status() != TransactionStatus::Open {
            return Err(Failure::from(Reason::TransactionEnded));
        }
        if rows > 0 && course.is_due() {
            session.step(Step::Check, session.connection.batch_execute(PLAIN)).await?;
            if course.size.is_none() {
                course.size = Some(Size::of(session).await?);
            }
            let entry = course.entry(context, job, tally, rows);
            session.step(Step::Log, session.connection.batch_execute(&entry)).await?;
        }
        Ok(rows)
    };
    match changed.await {
        Ok(rows) => commit(session, limits).await.map(|()| rows),
        Err(failure) => {
            roll_back(session, failure.reason.is_without_answer()).await;
            Err(failure)
        }
    }
}

/// Sends the statement and returns how many rows it has changed.
async fn send(session: &Session, limits: Limits, script: &Script) -> Result<u64, Failure> {
    let limit = limits.answer();
    let run = async {
        let (mut answers, mut rows) =
            (pin!(session.connection.client().simple_query_raw(script.statement(0)).await?), 0);
        while let Some(answer) = answers.try_next().await? {
            if let SimpleQueryMessage::CommandComplete(changed) = answer {
                rows = changed;
            }
        }
        Ok(rows)
    };
    match timeout(limit, run).await {
        Ok(Ok(rows)) => Ok(rows),
        Ok(Err(error)) => Err(match refused(session, error) {
            (failure, Some(at)) => failure.at(script.location_in(0, at)),
            (failure, None) => failure,
        }),
        Err(_) => Err(Reason::TooSlow { waited: limit }.into()),
    }
}

impl Course {
    fn new(max_batches: Option<u64>, takes_notes: bool) -> Self {
        let so_far = Backfilled { rows: 0, batches: 0, took: Duration::ZERO, left: None };
        let most = max_batches.unwrap_or(FEW_BATCHES);
        Self { begun: Instant::now(), told: None, so_far, size: None, most, takes_notes }
    }

    fn is_due(&self) -> bool {
        self.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY)
    }

    /// Takes in a batch that is committed.
    fn add(&mut self, rows: u64, backfill: Backfill, script: &Script) {
        self.so_far.rows += rows;
        self.so_far.batches += 1;
        let Some(size) = self.size else { return };
        self.most = backfill.max_batches.unwrap_or_else(|| size.most_batches(backfill.batch));
        // What is inserted is not what was there.
        let counts_down = verb(&script.words_of(0)) != Some("insert");
        self.so_far.left = counts_down.then(|| size.changed.saturating_sub(self.so_far.rows));
    }

    /// Says of the file how far it is.
    fn note(&mut self, tally: &mut Tally) {
        self.so_far.took = self.begun.elapsed();
        tally.backfilled = Some(self.so_far);
        tally.note = self.takes_notes.then(|| note(self.so_far.rows, self.so_far.batches));
    }

    /// The statement that logs a batch of so many rows together with those before.
    fn entry(&self, context: &Context<'_>, job: &Job, tally: &Tally, rows: u64) -> String {
        let note = self.takes_notes.then(|| note(self.so_far.rows + rows, self.so_far.batches + 1));
        let entry = Entry::new(&context.run, &job.migration, job.direction, State::Running);
        let (started, attempts, note) = (tally.started, tally.attempts, note.as_deref());
        Entry { has_batches: true, started, attempts, note, ..entry }.insert()
    }
}

fn note(rows: u64, batches: u64) -> String {
    format!("rows changed: {rows}, batches: {batches}")
}

/// Of the tables that this transaction has locked, and so has read or changed; by the rule of the planner, which holds how
/// full their pages were when they were last looked through against how many there are now. One that nobody ever looked
/// through counts as having rows of some 80 bytes.
const SIZE: &str = "select coalesce(sum(tuples), 0)::int8, coalesce(sum(tuples) filter (where is_changed), 0)::int8
    from (select bool_or(mode = 'RowExclusiveLock') as is_changed,
            case when reltuples >= 0 and relpages > 0 then reltuples::float8 / relpages
                 else current_setting('block_size')::float8 / 80 end
            * (pg_relation_size(c.oid) / current_setting('block_size')::int8) as tuples
        from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = relnamespace
        where locktype = 'relation' and l.pid = pg_backend_pid() and relkind in ('r', 'm')
            and l.database = (select oid from pg_database where datname = current_database())
            and nspname not in ('pg_catalog', 'pg_toast', 'information_schema', 'pgkeel')
        group by c.oid, reltuples, relpages) as held";

impl Size {
    async fn of(session: &Session) -> Result<Self, Error> {
        let row = session.step(Step::Check, session.query_one(SIZE, &[])).await?;
        Self::read(&row)
            .map_err(|source| pgkeel_connect::Error::Decode { column: 0, source })
            .map_err(|source| Error::Database { step: Step::Check, source })
    }

    fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let (all, changed): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        Ok(Self { all: all.unsigned_abs(), changed: changed.unsigned_abs() })
    }

    fn most_batches(self, batch: u32) -> u64 {
        FEW_BATCHES + TIMES * self.all.div_ceil(u64::from(batch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_times_the_rows_are_more_than_enough() {
        let most = |all, batch| Size { all, changed: 0 }.most_batches(batch);
        assert_eq!((most(0, 1000), most(1, 1000), most(1_000_001, 1000)), (100, 110, 10_110));
    }
}
