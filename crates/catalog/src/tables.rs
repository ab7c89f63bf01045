use std::time::SystemTime;

use pgkeel_connect::{Error, Executor};
use tokio_postgres::Row;

use crate::columns::Columns;
use crate::{Capabilities, Place};

/// A table, partitioned table or materialized view, as the server has it written down.
///
/// Sizes and rows are those of the latest vacuum, analyze or index build: asking for the files themselves would wait
/// behind whoever locks the table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Whether it only holds partitions together, and no rows itself.
    pub is_partitioned: bool,
    /// Whether somebody holds a lock on it, or waits for one, that stops every reader.
    pub is_locked: bool,
    /// Rows; `None` if it was never vacuumed or analyzed.
    pub rows: Option<u64>,
    /// Bytes of the table without what belongs to it; `None` if it was never vacuumed or analyzed.
    pub bytes: Option<u64>,
    /// Bytes of long values stored apart.
    pub toast_bytes: u64,
    /// Bytes of all its indexes.
    pub index_bytes: u64,
    /// Scans of the whole table.
    pub sequential_scans: u64,
    /// Rows that these have looked at.
    pub sequential_rows: u64,
    /// Scans of its indexes.
    pub index_scans: u64,
    /// Rows inserted.
    pub inserted: u64,
    /// Rows updated.
    pub updated: u64,
    /// Rows updated without touching an index.
    pub hot_updated: u64,
    /// Rows deleted.
    pub deleted: u64,
    /// Rows that are alive, by the counters.
    pub live_rows: u64,
    /// Rows that wait for vacuum.
    pub dead_rows: u64,
    /// Rows changed since the latest analyze.
    pub changed_since_analyze: u64,
    /// When it was vacuumed by hand.
    pub last_vacuum: Option<SystemTime>,
    /// When it was vacuumed by the server.
    pub last_autovacuum: Option<SystemTime>,
    /// When it was analyzed by hand.
    pub last_analyze: Option<SystemTime>,
    /// When it was analyzed by the server.
    pub last_autoanalyze: Option<SystemTime>,
}

impl Table {
    /// All that is known to belong to it, in bytes.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.bytes.unwrap_or_default() + self.toast_bytes + self.index_bytes
    }

    /// Where a page that begins behind it begins.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::after(&*self.schema, &*self.name)
    }
}

/// The page is cut first, so that counters are looked up for its tables alone; these are the functions behind
/// `pg_stat_all_tables`, whose view would be computed as a whole. A lock that is only waited for stops readers as well.
const SQL: &str = "with /* pgkeel:tables */ page as materialized (
    select c.oid, n.nspname, c.relname, c.relkind, c.reltuples, c.relpages, c.reltoastrelid
      from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'm')
        and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
        and (n.nspname, c.relname) > ($1::pg_catalog.text::pg_catalog.name, $2::pg_catalog.text::pg_catalog.name)
      order by n.nspname, c.relname
      limit $3
  ), locked as materialized (
    select distinct l.relation from pg_catalog.pg_locks as l
      where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock'
        and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
  )
  select
    nspname::pg_catalog.text, relname::pg_catalog.text, relkind = 'p', oid in (select relation from locked),
    reltuples::pg_catalog.float8, relpages::pg_catalog.int8 * block.size,
    coalesce((select t.relpages + coalesce((
        select pg_catalog.sum(ti.relpages) from pg_catalog.pg_index as tx
          join pg_catalog.pg_class as ti on ti.oid = tx.indexrelid
          where tx.indrelid = t.oid), 0)
      from pg_catalog.pg_class as t where t.oid = page.reltoastrelid), 0)::pg_catalog.int8 * block.size,
    coalesce(of_indexes.pages, 0)::pg_catalog.int8 * block.size,
    pg_catalog.pg_stat_get_numscans(oid), pg_catalog.pg_stat_get_tuples_returned(oid),
    coalesce(of_indexes.scans, 0)::pg_catalog.int8,
    pg_catalog.pg_stat_get_tuples_inserted(oid), pg_catalog.pg_stat_get_tuples_updated(oid),
    pg_catalog.pg_stat_get_tuples_hot_updated(oid), pg_catalog.pg_stat_get_tuples_deleted(oid),
    pg_catalog.pg_stat_get_live_tuples(oid), pg_catalog.pg_stat_get_dead_tuples(oid),
    pg_catalog.pg_stat_get_mod_since_analyze(oid),
    pg_catalog.pg_stat_get_last_vacuum_time(oid), pg_catalog.pg_stat_get_last_autovacuum_time(oid),
    pg_catalog.pg_stat_get_last_analyze_time(oid), pg_catalog.pg_stat_get_last_autoanalyze_time(oid)
  from page
  cross join (select pg_catalog.current_setting('block_size')::pg_catalog.int8 as size) as block
  left join lateral (
    select pg_catalog.sum(ic.relpages) as pages,
           pg_catalog.sum(pg_catalog.pg_stat_get_numscans(i.indexrelid)) as scans
      from pg_catalog.pg_index as i join pg_catalog.pg_class as ic on ic.oid = i.indexrelid
      where i.indrelid = page.oid
  ) as of_indexes on true
  order by nspname, relname";

/// Asks for a page of the tables of all schemas but the server's own, in order of schema and name.
///
/// # Errors
/// Those of the executor.
///
/// # Cancellation
/// As for any statement of the executor.
pub async fn tables<E: Executor>(
    executor: &E,
    capabilities: &Capabilities,
    after: &Place,
    limit: u32,
) -> Result<Vec<Table>, E::Error> {
    let rows = executor.query(SQL, &[&after.schema(), &after.name(), &i64::from(limit)]).await?;
    let tables = rows.iter().map(|row| table(row, capabilities)).collect::<Result<_, Error>>()?;
    Ok(tables)
}

fn table(row: &Row, capabilities: &Capabilities) -> Result<Table, Error> {
    let mut columns = Columns::of(row);
    let (schema, name) = (columns.take()?, columns.take()?);
    let (is_partitioned, is_locked) = (columns.take()?, columns.take()?);
    let (rows, bytes) = (columns.take()?, columns.count()?);
    let rows = measured(rows, bytes, capabilities);
    Ok(Table {
        schema,
        name,
        is_partitioned,
        is_locked,
        rows,
        bytes: rows.map(|_| bytes),
        toast_bytes: columns.count()?,
        index_bytes: columns.count()?,
        sequential_scans: columns.count()?,
        sequential_rows: columns.count()?,
        index_scans: columns.count()?,
        inserted: columns.count()?,
        updated: columns.count()?,
        hot_updated: columns.count()?,
        deleted: columns.count()?,
        live_rows: columns.count()?,
        dead_rows: columns.count()?,
        changed_since_analyze: columns.count()?,
        last_vacuum: columns.take()?,
        last_autovacuum: columns.take()?,
        last_analyze: columns.take()?,
        last_autoanalyze: columns.take()?,
    })
}

/// PostgreSQL 14 and later write -1 before the first measurement; earlier ones 0, as for an empty table.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and whole by nature"
)]
fn measured(rows: f64, bytes: u64, capabilities: &Capabilities) -> Option<u64> {
    let never = rows < 0.0 || (!capabilities.is_at_least(14) && rows < 0.5 && bytes == 0);
    (!never).then_some(rows as u64)
}
