use std::time::SystemTime;

use pgkeel_connect::Executor;

use crate::columns::Columns;
use crate::{Capabilities, Reading, Reason, Skipped};

/// The write-ahead log of the whole server. Everything but `since` only grows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wal {
    /// Records.
    pub records: u64,
    /// Whole pages among them, written at the first change after a checkpoint.
    pub full_pages: u64,
    /// Bytes.
    pub bytes: u64,
    /// Since when all this is counted.
    pub since: Option<SystemTime>,
}

/// Bytes are a `numeric` there; as a `bigint` they last for 9.2 exabytes.
const SQL: &str = "select /* pgkeel:wal */ wal_records, wal_fpi, wal_bytes::pg_catalog.int8, stats_reset
  from pg_catalog.pg_stat_wal";

/// Asks for the write-ahead log; skipped before PostgreSQL 14.
///
/// # Errors
/// Those of the executor.
///
/// # Cancellation
/// As for any statement of the executor.
pub async fn wal<E: Executor>(executor: &E, capabilities: &Capabilities) -> Result<Reading<Wal>, E::Error> {
    if !capabilities.is_at_least(14) {
        let remedy = "upgrade the server to PostgreSQL 14 or later";
        return Ok(Reading::Skipped(Skipped::new(Reason::ServerTooOld, remedy)));
    }
    let row = executor.query_one(SQL, &[]).await?;
    let mut columns = Columns::of(&row);
    Ok(Reading::Known(Wal {
        records: columns.count()?,
        full_pages: columns.count()?,
        bytes: columns.count()?,
        since: columns.take()?,
    }))
}
