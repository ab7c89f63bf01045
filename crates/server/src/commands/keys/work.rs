//! What `pgkeel keys rotate` and `adopt` have in common: one rotation after the other, by several workers each.

use std::process::ExitCode;
use std::time::Duration;

use futures_util::future::try_join_all;
use pgkeel_pool::Pool;
use pgkeel_query::Error;
use pgkeel_query::rotation::{
    self, Rotation, RotationProblem, RotationState, RotationStatus, RotationTask, RowFailure,
};
use serde_json::json;

use super::answer::row;
use super::arguments::{Pace, Verb, Words};
use super::display::Display;
use super::problem::Doing as _;
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

type Ended = (RotationStatus, Vec<RowFailure>);

/// Does one after the other, and says what has come of each, also where a later one fails or is stopped. A unique index that has to stay
/// under its key keeps none from what is behind it.
pub(super) async fn run(
    words: &Words,
    pool: &Pool,
    pace: Pace,
    all: Vec<Work<'_>>,
) -> Result<ExitCode, Failure> {
    let mut signals = Signals::listen()?;
    let (mut done, mut is_all): (Vec<Ended>, _) = (Vec::new(), true);
    for work in all {
        let ended = tokio::select! {
            ended = by_workers(words, &work, pool, pace) => ended,
            _ = signals.next() => {
                eprintln!("stopped in {}: what is done stays so, and a new call goes on from there", work.column);
                tell(words, &done)?;
                return Ok(ExitCode::FAILURE);
            }
        };
        let ended = match ended {
            Err(Error::Rotation(problem @ RotationProblem::UniqueInPlace { .. })) => {
                eprintln!("{}: stays as it is: {problem}", work.column);
                is_all = false;
                continue;
            }
            Err(error) => Err(error).doing(format!("at work on {}", work.column)),
            Ok(ended) => with_failures(ended, pool).await,
        };
        match ended {
            Ok(ended) => done.push(ended),
            Err(failure) => {
                tell(words, &done)?;
                return Err(failure);
            }
        }
    }
    tell(words, &done)?;
    let is_well = |ended: &RotationStatus| ended.state == RotationState::Finished && ended.counts.failed == 0;
    is_all &= done.iter().all(|(ended, _)| is_well(ended));
    Ok(if is_all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Of those that have ended, if any has.
fn tell(words: &Words, done: &[Ended]) -> Result<(), Failure> {
    if done.is_empty() {
        return Ok(());
    }
    let text = || {
        let told = |(ended, failures): &Ended| told(ended) + &failures.iter().map(row).collect::<String>();
        done.iter().map(told).collect()
    };
    words.answer(text, || {
        let as_json = |(ended, failures): &Ended| {
            Ok(json!({ "rotation": serde_json::to_value(ended)?, "failures": serde_json::to_value(failures)? }))
        };
        done.iter().map(as_json).collect::<serde_json::Result<_>>()
    })
}

async fn with_failures(ended: RotationStatus, pool: &Pool) -> Result<Ended, Failure> {
    let failures = match ended.counts.failed {
        0 => Vec::new(),
        _ => rotation::failures(pool, ended.id, NAMED).await.doing("looking at rows that do not open")?,
    };
    Ok((ended, failures))
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
