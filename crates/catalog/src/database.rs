use std::time::SystemTime;

use pgkeel_connect::Executor;

use crate::columns::Columns;
use crate::{Capabilities, Reading};

/// What has happened in the current database since its statistics were reset. Everything but the name only grows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Database {
    /// Its name.
    pub name: String,
    /// Transactions that were committed.
    pub commits: u64,
    /// Transactions that were rolled back.
    pub rollbacks: u64,
    /// Blocks found in the server's own cache.
    pub blocks_hit: u64,
    /// Blocks asked of the operating system, which may have had them cached too.
    pub blocks_read: u64,
    /// Rows that scans have looked at.
    pub rows_returned: u64,
    /// Rows fetched by index scans.
    pub rows_fetched: u64,
    /// Rows inserted.
    pub rows_inserted: u64,
    /// Rows updated.
    pub rows_updated: u64,
    /// Rows deleted.
    pub rows_deleted: u64,
    /// Statements cancelled on a replica because of what the primary did.
    pub conflicts: u64,
    /// Temporary files written.
    pub temp_files: u64,
    /// Their bytes.
    pub temp_bytes: u64,
    /// Deadlocks that the server broke.
    pub deadlocks: u64,
    /// Since when all this is counted; `None` means since the database was made or the server crashed.
    pub since: Option<SystemTime>,
}

const SQL: &str = "select /* pgkeel:database */
    datname::pg_catalog.text, xact_commit, xact_rollback, blks_hit, blks_read, tup_returned, tup_fetched, tup_inserted,
    tup_updated, tup_deleted, conflicts, temp_files, temp_bytes, deadlocks, stats_reset
  from pg_catalog.pg_stat_database
  where datname = pg_catalog.current_database()";

/// Asks for the figures of the current database.
///
/// # Errors
/// Those of the executor.
///
/// # Cancellation
/// As for any statement of the executor.
pub async fn database<E: Executor>(executor: &E) -> Result<Database, E::Error> {
    let row = executor.query_one(SQL, &[]).await?;
    let mut columns = Columns::of(&row);
    Ok(Database {
        name: columns.take()?,
        commits: columns.count()?,
        rollbacks: columns.count()?,
        blocks_hit: columns.count()?,
        blocks_read: columns.count()?,
        rows_returned: columns.count()?,
        rows_fetched: columns.count()?,
        rows_inserted: columns.count()?,
        rows_updated: columns.count()?,
        rows_deleted: columns.count()?,
        conflicts: columns.count()?,
        temp_files: columns.count()?,
        temp_bytes: columns.count()?,
        deadlocks: columns.count()?,
        since: columns.take()?,
    })
}

const SIZE: &str = "select /* pgkeel:database_size */
    case when pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CONNECT')
           or pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
         then pg_catalog.pg_database_size(pg_catalog.current_database()) end";

/// Bytes of all files of the current database. The server looks at every one of them, so ask seldom; it waits for no
/// lock.
///
/// # Errors
/// Those of the executor.
///
/// # Cancellation
/// As for any statement of the executor.
pub async fn database_size<E: Executor>(
    executor: &E,
    capabilities: &Capabilities,
) -> Result<Reading<u64>, E::Error> {
    let row = executor.query_one(SIZE, &[]).await?;
    let bytes = Columns::of(&row).count_or_none()?;
    Ok(bytes.map_or_else(|| Reading::Skipped(capabilities.grant_connect()), Reading::Known))
}
