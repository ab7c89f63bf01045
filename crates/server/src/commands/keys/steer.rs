//! `pgkeel keys status`, `pause`, `resume` and `cancel`.

use std::process::ExitCode;

use pgkeel_pool::Pool;
use pgkeel_query::rotation::{self, RotationStatus};
use serde_json::json;

use super::answer::table;
use super::arguments::{Steering, Words};
use super::problem::Doing as _;
use crate::failure::Failure;

pub(super) async fn status(words: &Words, pool: &Pool) -> Result<ExitCode, Failure> {
    let rotations = rotation::rotations(pool).await.doing("looking at rotations")?;
    let text = || {
        let headings =
            ["NUMBER", "COLUMN", "TO KEY", "STATE", "CHANGED", "NOT OPENED", "WORKERS", "SECONDS", "TASK"];
        table(headings, &rotations.iter().map(row).collect::<Vec<_>>())
    };
    words.answer(text, || serde_json::to_value(&rotations))?;
    Ok(ExitCode::SUCCESS)
}

fn row(rotation: &RotationStatus) -> [String; 9] {
    let task = match &rotation.other_column {
        Some(other) => format!("{} {other}", rotation.task),
        None => rotation.task.to_string(),
    };
    [
        rotation.id.to_string(),
        rotation.column.clone(),
        rotation.to_key.to_string(),
        rotation.state.to_string(),
        rotation.counts.rewritten.to_string(),
        rotation.counts.failed.to_string(),
        rotation.workers.to_string(),
        format!("{:.0}", rotation.seconds),
        task,
    ]
}

pub(super) async fn run(
    words: &Words,
    pool: &Pool,
    how: Steering,
    rotation: i64,
) -> Result<ExitCode, Failure> {
    let (steered, doing, state) = match how {
        Steering::Pause => (rotation::pause(pool, rotation).await, "pausing", "paused"),
        Steering::Resume => (rotation::resume(pool, rotation).await, "resuming", "running"),
        Steering::Cancel => (rotation::cancel(pool, rotation).await, "cancelling", "cancelled"),
    };
    steered.doing(format!("{doing} rotation {rotation}"))?;
    words.answer(
        || format!("rotation {rotation} is {state}\n"),
        || Ok(json!({ "rotation": rotation, "state": state })),
    )?;
    Ok(ExitCode::SUCCESS)
}
