//! What `pgkeel keys rotate` and `adopt` have in common: one rotation after the other, by several workers each.

use std::process::ExitCode;
use std::time::Duration;

use futures_util::future::try_join_all;
use pgkeel_crypto::KeyId;
use pgkeel_pool::Pool;
use pgkeel_query::Error;
use pgkeel_query::rotation::{
    self, Rotation, RotationProblem, RotationState, RotationStatus, RotationTask, RowFailure,
};
use serde_json::{Value, json};

use super::answer::row;
use super::arguments::{Pace, Verb, Words};
use super::display::Display;
use super::problem::{Doing as _, cause};
use crate::failure::Failure;
use crate::signals::Signals;

/// So soon another worker has the range of one that was stopped. It is heard of after each batch.
const LEASE: Duration = Duration::from_secs(10);

/// So many rows one of several workers takes at once: few, so that tables of some ten thousand rows have enough for all of them.
const SHARE: u32 = 5_000;

/// So many rows that could not be changed are named.
const NAMED: u32 = 10;

/// A rotation, and what people call the column that it changes.
pub(super) struct Work<'a> {
    pub(super) rotation: Rotation<'a>,
    pub(super) column: String,
}

/// What has come of one of them.
enum Outcome {
    Ended {
        status: RotationStatus,
        /// `None` if they could not be read.
        failures: Option<Vec<RowFailure>>,
    },
    /// A unique index that is under another key.
    Stays { index: String, key: KeyId },
}

/// Does one after the other, and says what has come of each, also where a later one fails or is stopped. A unique index that has to stay
/// under its key keeps none from what is behind it.
pub(super) async fn run(
    words: &Words,
    pool: &Pool,
    pace: Pace,
    all: Vec<Work<'_>>,
) -> Result<ExitCode, Failure> {
    let mut signals = Signals::listen()?;
    let mut done = Vec::new();
    for work in all {
        let outcome = tokio::select! {
            outcome = outcome(words, &work, pool, pace) => outcome,
            _ = signals.next() => {
                eprintln!("stopped in {}: what is done stays so, and a new call goes on from there", work.column);
                tell(words, &done)?;
                return Ok(ExitCode::FAILURE);
            }
        };
        match outcome {
            Ok(outcome) => done.push(outcome),
            Err(failure) => {
                tell(words, &done)?;
                return Err(failure);
            }
        }
    }
    tell(words, &done)?;
    Ok(if done.iter().all(Outcome::is_well) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Of those that have ended, if any has.
fn tell(words: &Words, done: &[Outcome]) -> Result<(), Failure> {
    if done.is_empty() {
        return Ok(());
    }
    words.answer(
        || done.iter().map(Outcome::told).collect(),
        || done.iter().map(Outcome::as_json).collect::<serde_json::Result<_>>(),
    )
}

impl Outcome {
    fn is_well(&self) -> bool {
        match self {
            Self::Ended { status, .. } => {
                status.state == RotationState::Finished && status.counts.failed == 0
            }
            Self::Stays { .. } => false,
        }
    }

    /// For people, who were told at once of what stays.
    fn told(&self) -> String {
        match self {
            Self::Ended { status, failures } => {
                told(status) + &failures.iter().flatten().map(row).collect::<String>()
            }
            Self::Stays { .. } => String::new(),
        }
    }

    fn as_json(&self) -> serde_json::Result<Value> {
        Ok(match self {
            Self::Ended { status, failures } => {
                json!({ "rotation": serde_json::to_value(status)?, "failures": serde_json::to_value(failures)? })
            }
            Self::Stays { index, key } => json!({ "stays": { "index": index, "key": key.to_string() } }),
        })
    }
}

async fn outcome(words: &Words, work: &Work<'_>, pool: &Pool, pace: Pace) -> Result<Outcome, Failure> {
    match by_workers(words, work, pool, pace).await {
        Ok(status) => {
            let failures = failures(&status, pool).await;
            Ok(Outcome::Ended { status, failures })
        }
        Err(Error::Rotation(
            ref problem @ RotationProblem::UniqueInPlace { column: ref index, found: key },
        )) => {
            eprintln!("{}: stays as it is: {problem}", work.column);
            Ok(Outcome::Stays { index: index.clone(), key })
        }
        Err(error) => Err(error).doing(format!("at work on {}", work.column)),
    }
}

async fn failures(ended: &RotationStatus, pool: &Pool) -> Option<Vec<RowFailure>> {
    if ended.counts.failed == 0 {
        return Some(Vec::new());
    }
    let found = rotation::failures(pool, ended.id, NAMED).await;
    found
        .map_err(|error| eprintln!("{}: looking at rows that do not open: {:#}", ended.column, cause(error)))
        .ok()
}

async fn by_workers(
    words: &Words,
    work: &Work<'_>,
    pool: &Pool,
    pace: Pace,
) -> Result<RotationStatus, Error> {
    let verb = if matches!(words.verb, Verb::Adopt { .. }) { "adopt" } else { "rotate" };
    let Pace { workers, rate } = pace;
    // Otherwise some would wait for their turn for as long as their lease.
    let workers = rate.map_or(workers, |rate| workers.min(usize::try_from(rate.get()).unwrap_or(workers)));
    let mut shared = work.rotation.clone().lease(LEASE);
    if workers > 1 {
        shared = shared.range_rows(SHARE);
    }
    if let Some(rate) = rate {
        shared = shared.rows_per_second(rate.get());
    }
    let display = Display::new(&work.column, workers);
    let worker = |number: usize| {
        let owner = format!("pgkeel keys {verb} {}-{}", std::process::id(), number + 1);
        let rotation = shared.clone().owner(owner);
        let display = &display;
        async move { rotation.run(pool, |progress| display.progress(number, progress)).await }
    };
    let ended = try_join_all((0..workers).map(worker)).await?;
    Ok(ended.into_iter().next_back().expect("there is a worker"))
}

fn told(ended: &RotationStatus) -> String {
    let RotationStatus { column, task, other_column, to_key, state, counts, seconds, .. } = ended;
    let (all, done) = match task {
        RotationTask::Reindex => {
            ("the index is under the primary key throughout", format!("made anew under {to_key}"))
        }
        RotationTask::Adopt => ("all that has plaintext is sealed", format!("sealed under {to_key}")),
        RotationTask::Clear => ("no plaintext is left of what is sealed", "emptied".to_owned()),
        _ => ("nothing is left under another key", format!("sealed anew under {to_key}")),
    };
    let outcome = match state {
        RotationState::Finished if counts.failed == 0 => format!("finished: {all}"),
        RotationState::Finished if *task == RotationTask::Clear => {
            "finished, but for rows that do not open, or open to something else".to_owned()
        }
        RotationState::Finished => "finished, but for rows that do not open".to_owned(),
        RotationState::Cancelled => "cancelled".to_owned(),
        RotationState::Unsettled => {
            "not settled: something still writes otherwise; find the program that does, and run this again"
                .to_owned()
        }
        _ => "under way".to_owned(),
    };
    let besides = other_column.as_ref().map_or_else(String::new, |other| format!(" with {other}"));
    format!(
        "{column}{besides}: {outcome} ({} {done}, {} changed by others meanwhile, {} not opened, {seconds:.1} s)\n",
        counts.rewritten, counts.cas_lost, counts.failed
    )
}
