//! A file outside of a transaction: its statements one by one, each recorded as soon as it has taken effect.
//!
//! What can run in a transaction does, together with its row in the log, so that it is never run twice. What cannot is
//! recorded right behind; if that is lost, the next call finds out, for an index by looking at it. All else that cannot
//! (VACUUM, a procedure that commits) is run again, so it has to bear that.

use std::time::Duration;

use pgkeel_connect::{Executor as _, TransactionStatus};
use tokio::time::Instant;

use super::backfill;
use super::concurrent_index::{self, Found};
use super::context::Context;
use super::failure::{Failure, Reason};
use super::job::{Job, Tally};
use super::runner::Runner;
use super::session::{Limits, Session};
use super::transaction::{PLAIN, begin, commit, precheck, roll_back, send};
use super::verify::verify;
use crate::files::{IndexBuild, IndexRebuild, cannot_be_in_transaction, sets_session};
use crate::{Error, Event, Step};

/// Runs what is left of a file, and then what records it.
pub(crate) async fn run(
    runner: &mut Runner<'_>,
    job: &Job,
    record: &str,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let limits = runner.context.limits.of(job.script().directives());
    runner.context.session.renew(limits).await?;
    tally.started = runner.context.running(job).write(runner.context.session).await?;
    if tally.done == 0 && !job.has_batches {
        let asked = precheck(runner.context.session, limits, job.script().directives());
        ask_alone(runner, job, asked).await?;
    }
    if let Some(backfill) = job.script().directives().backfill.filter(|_| tally.done == 0) {
        backfill::run(runner, job, backfill, limits, tally).await?;
    } else {
        one_by_one(runner, job, limits, tally).await?;
    }
    if job.verify().is_some() {
        let asked = verify(runner.context.session, limits, job);
        ask_alone(runner, job, asked).await?;
    }
    let last = format!("{record};\n{}", runner.context.last_entry(job, tally, Duration::ZERO));
    in_transaction(&runner.context, limits, &last).await
}

/// Runs the statements that are left.
async fn one_by_one(
    runner: &mut Runner<'_>,
    job: &Job,
    limits: Limits,
    tally: &mut Tally,
) -> Result<(), Failure> {
    set_session_again(runner.context.session, job, tally.done).await?;
    while tally.done < job.script().len() {
        if runner.watch.stop().is_requested() {
            return Err(Reason::Stopped.into());
        }
        let ended = statement(runner, job, limits, tally).await;
        ended.map_err(|failure| failure.at(job.script().location(tally.done)))?;
        tally.done += 1;
    }
    Ok(())
}

/// Asks what has to hold before or behind the file, as whom the file runs. Nothing of this transaction is to stay.
async fn ask_alone(
    runner: &mut Runner<'_>,
    job: &Job,
    asked: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let (session, lock) = (runner.context.session, runner.context.lock);
    runner.watch.begin();
    let ask = async {
        begin(session, lock).await?;
        let asked = match session.take_role(job.script().directives()).await {
            Ok(()) => asked.await,
            Err(error) => Err(error.into()),
        };
        roll_back(session, asked.as_ref().is_err_and(|failure| failure.reason.is_without_answer())).await;
        asked
    };
    runner.watch.over(session, &job.migration, ask).await
}

/// What statements before have set is not there any more in a new session.
async fn set_session_again(session: &Session, job: &Job, done: usize) -> Result<(), Failure> {
    for index in (0..done).filter(|index| sets_session(&job.script().words_of(*index))) {
        let again = session.connection.batch_execute(job.script().statement(index));
        session.step(Step::SetUp, again).await?;
    }
    Ok(())
}

/// Runs the next statement until it has taken effect and is recorded.
async fn statement(
    runner: &mut Runner<'_>,
    job: &Job,
    limits: Limits,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let is_atomic = cannot_be_in_transaction(&job.script().words_of(tally.done));
    let (mut is_alone, mut attempts) = (is_atomic, 1);
    // A call before this one may have run it and been lost before it could say so.
    let may_be_done = job.is_unsure && job.done == tally.done;
    loop {
        let begun = Instant::now();
        runner.watch.begin();
        let ended = if is_alone {
            alone(runner, job, limits, tally, may_be_done).await
        } else {
            with_its_record(runner, job, limits, tally).await
        };
        match ended {
            Err(failure) if !is_alone && failure.reason.needs_no_transaction() => is_alone = true,
            // What commits by itself may have left something.
            Err(failure)
                if (is_atomic || !is_alone)
                    && failure.reason.is_worth_retrying()
                    && attempts <= limits.retries =>
            {
                runner.watch.pause(job, tally, begun).await?;
                attempts += 1;
            }
            ended => {
                tally.lost += runner.watch.take_waited();
                return ended;
            }
        }
    }
}

/// In a transaction with the row that records it.
async fn with_its_record(
    runner: &mut Runner<'_>,
    job: &Job,
    limits: Limits,
    tally: &Tally,
) -> Result<(), Failure> {
    let session = runner.context.session;
    begin(session, runner.context.lock).await?;
    let done = match send_next(runner, job, limits, tally).await {
        Ok(()) if session.connection.transaction_status() != TransactionStatus::Open => {
            return Err(Reason::TransactionEnded.into());
        }
        Ok(()) => {
            let entry = recorded(&runner.context, job, tally);
            write(session, &format!("{entry};\n{}", role_of_commit(job))).await
        }
        Err(failure) => Err(failure),
    };
    match done {
        Ok(()) => commit(session, limits).await,
        Err(failure) => {
            roll_back(session, failure.reason.is_without_answer()).await;
            Err(failure)
        }
    }
}

/// By itself, and the row that records it behind.
async fn alone(
    runner: &mut Runner<'_>,
    job: &Job,
    limits: Limits,
    tally: &Tally,
    may_be_done: bool,
) -> Result<(), Failure> {
    let session = runner.context.session;
    let (sql, words) = (job.script().statement(tally.done), job.script().words_of(tally.done));
    let build = IndexBuild::of(sql, &words);
    let mut found = Found::Nothing;
    if let Some(build) = &build {
        found = concurrent_index::look(session, build, may_be_done).await?;
    } else if let Some(rebuild) = IndexRebuild::of(&words) {
        found = concurrent_index::look_for_copies(session, &rebuild).await?;
    } else if may_be_done && concurrent_index::is_dropped(session, &words).await? {
        found = Found::Done;
    }
    if let Found::Leftovers(indexes) = &found {
        for index in indexes {
            (runner.watch.observe)(Event::Repairing { migration: &job.migration, index });
            let drop = format!("drop index concurrently {index}");
            as_role(runner, job, limits, &drop).await.map_err(|(failure, _)| failure)?;
        }
    }
    if !matches!(found, Found::Done) {
        send_next(runner, job, limits, tally).await?;
        if let Some(build) = &build {
            concurrent_index::check(session, build).await?;
        }
    }
    let entry = recorded(&runner.context, job, tally);
    in_transaction(&runner.context, limits, &entry).await
}

async fn send_next(runner: &mut Runner<'_>, job: &Job, limits: Limits, tally: &Tally) -> Result<(), Failure> {
    let (script, index) = (job.script(), tally.done);
    let sent = as_role(runner, job, limits, script.statement(index)).await;
    sent.map_err(|(failure, at)| match at {
        Some(at) => failure.at(script.location_in(index, at)),
        None => failure,
    })
}

/// Sends a statement as the role that the file asks for. In a transaction that fails the role goes with it; outside of
/// one [`Session::renew`] comes before anything else.
async fn as_role(
    runner: &mut Runner<'_>,
    job: &Job,
    limits: Limits,
    sql: &str,
) -> Result<(), (Failure, Option<usize>)> {
    let (session, directives) = (runner.context.session, job.script().directives());
    session.take_role(directives).await.map_err(|error| (error.into(), None))?;
    let mut ended = 0;
    let sent = runner.watch.over(session, &job.migration, send(session, limits, sql, &mut ended)).await;
    if sent.is_err() {
        // Only the server's last word tells whether a transaction is left.
        let _ = session.step(Step::Check, session.connection.settle()).await;
    }
    let is_left = sent.is_ok() || session.connection.transaction_status() == TransactionStatus::Idle;
    if directives.role.is_some() && is_left {
        let reset = session.step(Step::SetUp, session.connection.batch_execute("reset role")).await;
        reset.map_err(|error| (error.into(), None))?;
    }
    sent
}

/// Takes the role on again until the transaction ends, for what COMMIT calls.
fn role_of_commit(job: &Job) -> String {
    let role = job.script().directives().role.as_ref();
    role.map_or_else(String::new, |role| format!("set local role {role}"))
}

fn recorded(context: &Context<'_>, job: &Job, tally: &Tally) -> String {
    context.entry_at(job, tally, tally.done + 1)
}

/// Writes into history and log, while this session holds the lock.
async fn in_transaction(context: &Context<'_>, limits: Limits, sql: &str) -> Result<(), Failure> {
    begin(context.session, context.lock).await?;
    match write(context.session, &format!("{PLAIN};\n{sql}")).await {
        Ok(()) => commit(context.session, limits).await,
        Err(failure) => {
            roll_back(context.session, failure.reason.is_without_answer()).await;
            Err(failure)
        }
    }
}

async fn write(session: &Session, sql: &str) -> Result<(), Failure> {
    let written: Result<(), Error> = session.step(Step::Record, session.connection.batch_execute(sql)).await;
    Ok(written?)
}
