//! `pgkeel keys rotate`.

use std::num::NonZeroU32;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::future::try_join_all;
use pgkeel_crypto::Vault;
use pgkeel_pool::Pool;
use pgkeel_query::rotation::{self, Rotation, RotationState, RotationStatus, SealedColumn};
use serde_json::json;

use super::answer::row;
use super::arguments::Words;
use super::display::Display;
use super::problem::Doing as _;
use super::{columns, keyring};
use crate::failure::Failure;
use crate::settings::Config;
use crate::signals::Signals;

/// So soon another worker has the range of one that was stopped. It is heard of after each batch.
const LEASE: Duration = Duration::from_secs(10);

/// So many rows one of several workers takes at once: few, so that tables of some ten thousand rows have enough for all of them.
const SHARE: u32 = 5_000;

/// So many rows that do not open are named.
const NAMED: u32 = 10;

pub(super) async fn run(
    words: &Words,
    config: &Config,
    pool: &Pool,
    workers: usize,
    rate: Option<NonZeroU32>,
) -> Result<ExitCode, Failure> {
    let vault = keyring::vault(config).await?;
    let columns = columns::meant(words, pool).await?;
    let mut signals = Signals::listen()?;
    let mut rotated = Vec::new();
    for column in &columns {
        let all = rotate(&vault, pool, column, workers, rate);
        let ended = tokio::select! {
            ended = all => ended?,
            _ = signals.next() => {
                eprintln!("stopped in {column}: what is sealed anew stays so, and a new call goes on from there");
                return Ok(ExitCode::FAILURE);
            }
        };
        let failures = match ended.counts.failed {
            0 => Vec::new(),
            _ => rotation::failures(pool, ended.id, NAMED).await.doing("looking at rows that do not open")?,
        };
        rotated.push((ended, failures));
    }
    let text = || {
        let told = |(ended, failures): &(RotationStatus, Vec<rotation::RowFailure>)| {
            told(ended) + &failures.iter().map(row).collect::<String>()
        };
        rotated.iter().map(told).collect()
    };
    words.answer(text, || {
        let as_json = |(ended, failures)| Ok(json!({ "rotation": serde_json::to_value(ended)?, "failures": serde_json::to_value(failures)? }));
        rotated.iter().map(|(ended, failures)| as_json((ended, failures))).collect::<serde_json::Result<_>>()
    })?;
    let is_done = |ended: &RotationStatus| ended.state == RotationState::Finished && ended.counts.failed == 0;
    Ok(if rotated.iter().all(|(ended, _)| is_done(ended)) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn rotate(
    vault: &Vault,
    pool: &Pool,
    column: &SealedColumn,
    workers: usize,
    rate: Option<NonZeroU32>,
) -> Result<RotationStatus, Failure> {
    // Each has its part of the rate, which is one row per second at least.
    let workers = rate.map_or(workers, |rate| workers.min(usize::try_from(rate.get()).unwrap_or(workers)));
    let rate = rate.map(|rate| rate.get() / u32::try_from(workers).unwrap_or(u32::MAX));
    let display = Display::new(&column.to_string(), workers);
    let worker = |number: usize| {
        let owner = format!("pgkeel keys rotate {}-{}", std::process::id(), number + 1);
        let mut rotation = Rotation::new(vault, column).owner(owner).lease(LEASE);
        if workers > 1 {
            rotation = rotation.range_rows(SHARE);
        }
        if let Some(rate) = rate {
            rotation = rotation.rows_per_second(rate);
        }
        let display = &display;
        async move { rotation.run(pool, |progress| display.progress(number, progress)).await }
    };
    let ended = try_join_all((0..workers).map(worker)).await;
    let ended = ended.doing(format!("rotating {column}"))?;
    Ok(ended.into_iter().next_back().expect("there is a worker"))
}

fn told(ended: &RotationStatus) -> String {
    let RotationStatus { column, to_key, state, counts, seconds, .. } = ended;
    let outcome = match state {
        RotationState::Finished if counts.failed == 0 => "finished: nothing is left under another key",
        RotationState::Finished => "finished, but for rows that do not open",
        RotationState::Cancelled => "cancelled",
        RotationState::Unsettled => {
            "not settled: something still seals under another key; find the program that does, and rotate again"
        }
        _ => "under way",
    };
    format!(
        "{column}: {outcome} ({} sealed anew under {to_key}, {} changed by others meanwhile, {} not opened, {seconds:.1} s)\n",
        counts.rewritten, counts.cas_lost, counts.failed
    )
}
