use std::time::{Duration, SystemTime};

use pgkeel_connect::Executor;

use crate::Capabilities;
use crate::columns::Columns;

/// The checkpoints of the whole server. Everything but `since` only grows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checkpoints {
    /// Begun because `checkpoint_timeout` was over.
    pub timed: u64,
    /// Begun because somebody asked or `max_wal_size` was near.
    pub requested: u64,
    /// Time spent writing.
    pub write_time: Duration,
    /// Time spent waiting until the disk has it.
    pub sync_time: Duration,
    /// Buffers written.
    pub buffers_written: u64,
    /// Since when all this is counted.
    pub since: Option<SystemTime>,
}

const SQL: &str = "select /* pgkeel:checkpoints */
    num_timed, num_requested, write_time, sync_time, buffers_written, stats_reset
  from pg_catalog.pg_stat_checkpointer";

const SQL_UP_TO_16: &str = "select /* pgkeel:checkpoints */
    checkpoints_timed, checkpoints_req, checkpoint_write_time, checkpoint_sync_time, buffers_checkpoint, stats_reset
  from pg_catalog.pg_stat_bgwriter";

/// Asks for the checkpoints.
///
/// # Errors
/// Those of the executor.
///
/// # Cancellation
/// As for any statement of the executor.
pub async fn checkpoints<E: Executor>(
    executor: &E,
    capabilities: &Capabilities,
) -> Result<Checkpoints, E::Error> {
    let sql = if capabilities.is_at_least(17) { SQL } else { SQL_UP_TO_16 };
    let row = executor.query_one(sql, &[]).await?;
    let mut columns = Columns::of(&row);
    Ok(Checkpoints {
        timed: columns.count()?,
        requested: columns.count()?,
        write_time: columns.milliseconds()?,
        sync_time: columns.milliseconds()?,
        buffers_written: columns.count()?,
        since: columns.take()?,
    })
}
