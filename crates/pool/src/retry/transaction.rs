//! A whole transaction, run until it works.

use std::pin::pin;
use std::sync::Arc;

use pgkeel_connect::TxOptions;
use tokio::time::{Instant, sleep_until};
use tokio_postgres::error::SqlState;

use super::attempts::Attempts;
use super::verdict;
use crate::transaction::{End, Plan, Stack, Tx, end_as};
use crate::{Error, RetryLimit};

/// How one attempt failed.
enum Failed<E> {
    /// For good.
    Surely(E),
    /// For a reason that may pass, and without any effect; with the closure's own error, if it was the closure that ended
    /// the attempt.
    Perhaps { cause: Error, returned: Option<E> },
}

pub(super) async fn run<T, E, F, Fut>(mut attempts: Attempts, options: TxOptions, mut run: F) -> Result<T, E>
where
    F: FnMut(Tx) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: From<Error>,
{
    loop {
        let failed = match attempt(&mut attempts, options, &mut run).await {
            Ok(value) => return Ok(value),
            Err(failed) => failed,
        };
        let (cause, returned) = match failed {
            Failed::Surely(error) => return Err(error),
            Failed::Perhaps { cause, returned } => (cause, returned),
        };
        match attempts.pause(cause).await {
            Ok(()) => {}
            Err(given_up @ Error::RetriesExhausted { .. }) => return Err(given_up.into()),
            Err(only) => return Err(returned.unwrap_or_else(|| only.into())),
        }
    }
}

async fn attempt<T, E, F, Fut>(
    attempts: &mut Attempts,
    options: TxOptions,
    run: &mut F,
) -> Result<T, Failed<E>>
where
    F: FnMut(Tx) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: From<Error>,
{
    let held = attempts.session().await;
    let deadline = attempts.deadline();
    let plan = Plan::repeatable(options, deadline.map(Instant::into_std));
    let begun = match held {
        Ok(held) => Tx::begin(Arc::new(held), plan).await,
        Err(error) => Err(error),
    };
    let tx = begun.map_err(|error| judge(error, false, attempts))?;
    let stack = Arc::clone(tx.stack());
    let Some(returned) = until(deadline, run(tx.guest()), &stack).await else {
        drop(tx);
        return Err(Failed::Surely(attempts.given_up(RetryLimit::Deadline, last_error(&stack)).into()));
    };
    match end_as(tx, returned).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(judge(error, stack.is_misplaced(), attempts)),
        Err(error) => Err(judge_returned(error, &stack, attempts)),
    }
}

fn last_error(stack: &Stack) -> Option<Error> {
    stack.cause().map(Error::Statement)
}

/// What the pool says of the attempt.
fn judge<E: From<Error>>(error: Error, is_misplaced: bool, attempts: &Attempts) -> Failed<E> {
    if is_misplaced || verdict::may_rerun(&error, &attempts.policy) {
        Failed::Perhaps { cause: error, returned: None }
    } else {
        Failed::Surely(error.into())
    }
}

/// What the closure returned is its own affair; what went wrong first in its transaction decides. At the deadline the
/// server gives up at the same time as this side.
fn judge_returned<E: From<Error>>(error: E, stack: &Stack, attempts: &Attempts) -> Failed<E> {
    match last_error(stack) {
        Some(cause) if attempts.is_late() && cause.code() == Some(&SqlState::QUERY_CANCELED) => {
            Failed::Surely(attempts.given_up(RetryLimit::Deadline, Some(cause)).into())
        }
        Some(cause) if stack.is_misplaced() || verdict::may_rerun(&cause, &attempts.policy) => {
            Failed::Perhaps { cause, returned: Some(error) }
        }
        _ => Failed::Surely(error),
    }
}

/// What the closure returns; `None` if the deadline comes first. Not after it has sent COMMIT by itself: what became of
/// that is worth waiting for.
async fn until<Fut: Future>(deadline: Option<Instant>, run: Fut, stack: &Stack) -> Option<Fut::Output> {
    let mut run = pin!(run);
    let Some(deadline) = deadline else { return Some(run.await) };
    tokio::select! {
        biased;
        returned = run.as_mut() => return Some(returned),
        () = sleep_until(deadline) => {}
    }
    if stack.how_far() == End::NotCommitted { None } else { Some(run.await) }
}
