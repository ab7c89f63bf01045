//! What the table of rotations says.

use std::fmt;

use pgkeel_connect::Type;
use pgkeel_crypto::KeyId;
use serde::Serialize;
use tokio_postgres::Row;

use super::patience::patiently;
use super::progress::{Counts, key_as_text};
use super::{FailureClass, RotationProblem, RotationTask, RowKey, Step};
use crate::{Error, Executor};

const STATUS: &str = "select job.id, known.table_schema || '.' || known.table_name || '.' || known.column_name as name,
        job.task, job.other_column, job.to_key, job.state, job.pass,
        job.scanned + coalesce(sum(range.scanned), 0)::int8 as scanned,
        job.rewritten + coalesce(sum(range.rewritten), 0)::int8 as rewritten,
        job.cas_lost + coalesce(sum(range.cas_lost), 0)::int8 as cas_lost,
        (select count(*) from pgkeel.rotation_failure as failure where failure.rotation_id = job.id) as failed,
        count(*) filter (where not range.is_done and range.heartbeat_at > clock_timestamp() - interval '1 minute') as workers,
        extract(epoch from coalesce(job.finished_at, clock_timestamp()) - job.started_at)::float8 as seconds
    from pgkeel.rotation as job
    join pgkeel.sealed_column as known on known.id = job.column_id
    left join pgkeel.rotation_range as range on range.rotation_id = job.id
    where ($1::int8 is null or job.id = $1)
        and (not $2 or job.id in (select max(id) from pgkeel.rotation group by column_id, task, other_column))
    group by job.id, known.id
    order by job.id desc limit 1000";

const FAILURES: &str =
    "select row_key, class from pgkeel.rotation_failure where rotation_id = $1 order by row_key limit $2";

/// What becomes of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RotationState {
    /// Workers go on with it.
    Running,
    /// Workers wait until it is resumed.
    Paused,
    /// It was given up. What was sealed anew stays so.
    Cancelled,
    /// A pass over the whole table has found nothing more that could be done.
    Finished,
    /// The last of the passes that it may take has still found rows to change: a program is still running that seals under an old key,
    /// or writes plaintext alone, or does not write the index; or a trigger takes back what is written. Mend that, and run it again.
    Unsettled,
}

impl RotationState {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Running, Self::Paused, Self::Cancelled, Self::Finished, Self::Unsettled];
        all.into_iter().find(|state| state.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
            Self::Finished => "finished",
            Self::Unsettled => "unsettled",
        }
    }
}

impl fmt::Display for RotationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A rotation, as its tables have it: what all workers have done that was committed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RotationStatus {
    /// Its number.
    pub id: i64,
    /// The column, with its schema and table.
    pub column: String,
    /// What is done with it.
    pub task: RotationTask,
    /// The column that it is done with besides: of the index, or of plaintext.
    pub other_column: Option<String>,
    /// The key that values are sealed under, or an index is made under.
    #[serde(serialize_with = "key_as_text")]
    pub to_key: KeyId,
    /// What becomes of it.
    pub state: RotationState,
    /// Which pass over the table, from 1 on.
    pub pass: i32,
    /// Exact counts over all workers and passes; those that failed are told by row, so each counts once.
    pub counts: Counts,
    /// How many ranges were worked on within the last minute.
    pub workers: u64,
    /// How long it has taken.
    pub seconds: f64,
}

/// A row whose value did not open, or that could not be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RowFailure {
    /// Its primary key.
    pub row: RowKey,
    /// Why.
    pub class: FailureClass,
}

/// The rotations that were begun last, the newest in front, at most 1,000.
///
/// # Errors
/// What the executor says.
///
/// # Cancellation
/// Nothing is left behind but what the executor leaves.
pub async fn rotations(db: &impl Executor) -> Result<Vec<RotationStatus>, Error> {
    Ok(read_all(db, None, false).await?)
}

/// As [`rotations`], but of each column and what is done with it the one that was begun last: for dashboards, as there are not more of
/// them from year to year.
///
/// # Errors
/// What the executor says.
///
/// # Cancellation
/// Nothing is left behind but what the executor leaves.
pub async fn newest_rotations(db: &impl Executor) -> Result<Vec<RotationStatus>, Error> {
    Ok(read_all(db, None, true).await?)
}

/// The first rows whose values a rotation did not open, by their keys, at most `most`.
///
/// A connection that is lost meanwhile is replaced, as a pool can, and what was asked is asked again, for up to a minute.
///
/// # Errors
/// What the executor says.
///
/// # Cancellation
/// Nothing is left behind but what the executor leaves.
pub async fn failures(db: &impl Executor, rotation: i64, most: u32) -> Result<Vec<RowFailure>, Error> {
    let params = [(&rotation as _, Type::INT8), (&i64::from(most) as _, Type::INT8)];
    let look = async || db.query_typed(FAILURES, &params).await.map_err(Step::Look.failed());
    let rows = patiently(look).await?;
    let read = |row: &Row| {
        let (key, class): (Vec<String>, String) = (row.try_get(0)?, row.try_get(1)?);
        Ok(RowFailure { row: RowKey::new(key), class: FailureClass::from_name(&class) })
    };
    let read: Result<_, tokio_postgres::Error> = rows.iter().map(read).collect();
    Ok(read.map_err(|error| Step::Look.unreadable(error))?)
}

/// Workers end the batches that they are at, then wait.
///
/// # Errors
/// [`RotationProblem::NoRotation`] if none of this number is running or paused; what the executor says.
///
/// # Cancellation
/// It is paused, or not.
pub async fn pause(db: &impl Executor, rotation: i64) -> Result<(), Error> {
    let sql = "update pgkeel.rotation set state = 'paused' where id = $1 and finished_at is null";
    steer(db, sql, rotation).await
}

/// Workers that wait go on.
///
/// # Errors
/// As [`pause`].
///
/// # Cancellation
/// It is resumed, or not.
pub async fn resume(db: &impl Executor, rotation: i64) -> Result<(), Error> {
    let sql = "update pgkeel.rotation set state = 'running' where id = $1 and finished_at is null";
    steer(db, sql, rotation).await
}

/// Workers end the batches that they are at, then return. What was sealed anew stays so; a rotation that is begun later goes on
/// with the rest.
///
/// # Errors
/// As [`pause`].
///
/// # Cancellation
/// It is cancelled, or not.
pub async fn cancel(db: &impl Executor, rotation: i64) -> Result<(), Error> {
    let sql = "update pgkeel.rotation set state = 'cancelled', finished_at = clock_timestamp()
        where id = $1 and finished_at is null";
    steer(db, sql, rotation).await
}

async fn steer(db: &impl Executor, sql: &'static str, id: i64) -> Result<(), Error> {
    // sql: one of the three literals above
    let steered = db.execute_typed(sql, &[(&id, Type::INT8)]).await.map_err(Step::Steer.failed())?;
    if steered == 0 { Err(RotationProblem::NoRotation { id }.into()) } else { Ok(()) }
}

/// Of this one.
pub(super) async fn status(db: &impl Executor, id: i64) -> Result<RotationStatus, RotationProblem> {
    let found = read_all(db, Some(id), false).await?;
    found.into_iter().next().ok_or(RotationProblem::NoRotation { id })
}

/// Of one, or of all.
async fn read_all(
    db: &impl Executor,
    id: Option<i64>,
    only_newest: bool,
) -> Result<Vec<RotationStatus>, RotationProblem> {
    let params = [(&id as _, Type::INT8), (&only_newest as _, Type::BOOL)];
    let rows = db.query_typed(STATUS, &params).await.map_err(Step::Look.failed())?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<RotationStatus, RotationProblem> {
    let unreadable = |error| Step::Look.unreadable(error);
    let id = row.try_get("id").map_err(unreadable)?;
    let (key, state): (String, String) =
        (row.try_get("to_key").map_err(unreadable)?, row.try_get("state").map_err(unreadable)?);
    let task: String = row.try_get("task").map_err(unreadable)?;
    let task = RotationTask::from_name(&task).ok_or(RotationProblem::State { id, what: "the task" })?;
    let to_key = key.parse().map_err(|_| RotationProblem::State { id, what: "the key" })?;
    let state = RotationState::from_name(&state).ok_or(RotationProblem::State { id, what: "the state" })?;
    let fill = || {
        let count = |name: &str| row.try_get(name).map(|count: i64| u64::try_from(count).unwrap_or(0));
        Ok(RotationStatus {
            id,
            column: row.try_get("name")?,
            task,
            other_column: row.try_get("other_column")?,
            to_key,
            state,
            pass: row.try_get("pass")?,
            counts: Counts {
                scanned: count("scanned")?,
                rewritten: count("rewritten")?,
                cas_lost: count("cas_lost")?,
                failed: count("failed")?,
            },
            workers: count("workers")?,
            seconds: row.try_get("seconds")?,
        })
    };
    fill().map_err(unreadable)
}
