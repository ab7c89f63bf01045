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
use tokio_postgres::SimpleQueryMessage;

use super::context::Context;
use super::course::Course;
use super::failure::{Failure, Reason};
use super::job::{Job, Tally};
use super::runner::Runner;
use super::session::{Limits, Session};
use super::stop::Stop;
use super::table_size::Size;
use super::transaction::{BACK, KEEP, PLAIN, begin, commit, refused, roll_back};
use crate::files::{BATCH_SETTING, Script};
use crate::state::history;
use crate::{Backfill, Event, Step};

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
    // sql: SET has no parameters; the size of a batch is a number
    session.step(Step::SetUp, session.connection.batch_execute(&set)).await?;
    let takes_notes = session.step(Step::Log, history::takes_notes(session)).await?;
    let mut course = Course::new(backfill, takes_notes);
    course.note(tally);
    loop {
        if runner.watch.stop().is_requested() {
            return Err(Reason::Stopped.into());
        }
        let is_due = course.is_due();
        let rows = with_retries(runner, job, limits, (&mut course, is_due), tally).await?;
        if rows == 0 {
            course.note(tally);
            return Ok(());
        }
        course.add(rows, job);
        course.note(tally);
        if is_due {
            let so_far = &course.so_far;
            (runner.watch.observe)(Event::Backfilling { migration: &job.migration, so_far });
            course.was_told();
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
    (course, is_due): (&mut Course, bool),
    tally: &mut Tally,
) -> Result<u64, Failure> {
    let mut own = Tally::of(job);
    let ended = loop {
        let begun = Instant::now();
        runner.watch.begin();
        let context = &runner.context;
        let run = batch(context, job, limits, (&mut *course, is_due), tally);
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
    (course, is_due): (&mut Course, bool),
    tally: &Tally,
) -> Result<u64, Failure> {
    let (session, script) = (context.session, job.script());
    begin(session, context.lock).await?;
    let changed = async {
        session.take_role(script.directives()).await?;
        if course.size.is_none() {
            // Locks what the statement is about, and changes nothing.
            send(session, limits, script, EXPLAIN).await?;
            course.size = Some(Size::of(session).await?);
        }
        let rows = send(session, limits, script, "").await?;
        if session.connection.transaction_status() != TransactionStatus::Open {
            return Err(Failure::from(Reason::TransactionEnded));
        }
        if rows > 0 && course.is_over() {
            return Err(Reason::Unending { batches: course.so_far.batches }.into());
        }
        if rows > 0 && is_due {
            let entry = course.entry(context, job, tally, rows);
            let record = format!("{KEEP};\n{PLAIN};\n{entry};\n{BACK}");
            // sql: texts in the entry are quoted as literals
            session.step(Step::Log, session.connection.batch_execute(&record)).await?;
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

const EXPLAIN: &str = "explain ";

/// Sends the statement, with these words before it, and returns how many rows it has changed.
async fn send(session: &Session, limits: Limits, script: &Script, words: &str) -> Result<u64, Failure> {
    let (limit, sql) = (limits.answer(), format!("{words}{}", script.statement(0)));
    let run = async {
        // sql: the statement of the file itself, which is run anyway; the words are constants of this file
        let (mut answers, mut rows) = (pin!(session.connection.client().simple_query_raw(&sql).await?), 0);
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
            (failure, Some(at)) => failure.at(script.location_in(0, at.saturating_sub(words.len()))),
            (failure, None) => failure,
        }),
        Err(_) => Err(Reason::TooSlow { waited: limit }.into()),
    }
}
