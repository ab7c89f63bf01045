use std::time::{Duration, SystemTime};

use pgkeel_connect::{Error, Executor};
use tokio_postgres::Row;

use crate::capabilities::StatementStatistics;
use crate::columns::Columns;
use crate::{Capabilities, Reading};

/// What to ask of `pg_stat_statements`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatementQuery {
    /// Which come first.
    pub order: StatementOrder,
    /// Only statements whose slowest run took at least this; zero for all.
    pub slowest_at_least: Duration,
    /// How many at most.
    pub limit: u32,
    /// Statements that are left out, such as one's own.
    pub without: Vec<i64>,
}

impl StatementQuery {
    /// The first `limit` statements in this order.
    #[must_use]
    pub fn new(order: StatementOrder, limit: u32) -> Self {
        Self { order, slowest_at_least: Duration::ZERO, limit, without: Vec::new() }
    }

    /// Only those whose slowest run took at least this.
    #[must_use]
    pub fn slowest_at_least(mut self, threshold: Duration) -> Self {
        self.slowest_at_least = threshold;
        self
    }

    /// All but these.
    #[must_use]
    pub fn without(mut self, ids: Vec<i64>) -> Self {
        self.without = ids;
        self
    }
}

/// Which statements come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatementOrder {
    /// Those that took the most time in all their runs together.
    Total,
    /// Those that took the most time in a run.
    Mean,
}

/// The statements of the current database, and what they are a part of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statements {
    /// The ones asked for.
    pub top: Vec<Statement>,
    /// Time spent in all statements that the role may see.
    pub total_time: Duration,
    /// Entries of other roles that this one may not see; [`Capabilities::hidden_sessions`] has the remedy.
    pub hidden: u64,
    /// Entries that were thrown away for lack of room (`pg_stat_statements.max`), of all databases; PostgreSQL 14 and
    /// later say.
    pub evicted: Option<u64>,
    /// Since when all this is counted; PostgreSQL 14 and later say.
    pub since: Option<SystemTime>,
}

/// One statement, all its users together; its text is asked for apart, as the server reads a file for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statement {
    /// The server's number for it.
    pub id: i64,
    /// Runs.
    pub calls: u64,
    /// Time of all runs, without planning.
    pub total: Duration,
    /// Time of the slowest run.
    pub slowest: Duration,
    /// Rows returned or touched.
    pub rows: u64,
    /// Blocks found in the server's cache.
    pub blocks_hit: u64,
    /// Blocks asked of the operating system.
    pub blocks_read: u64,
    /// Blocks written to temporary files.
    pub temp_blocks_written: u64,
}

impl Statement {
    /// Time of a run.
    #[must_use]
    pub fn mean(&self) -> Duration {
        self.total.checked_div(u32::try_from(self.calls).unwrap_or(u32::MAX)).unwrap_or_default()
    }
}

/// Asks for statements by the time that they took on the server. Skipped where `pg_stat_statements` cannot be read.
///
/// # Errors
/// Those of the executor.
///
/// # Cancellation
/// As for any statement of the executor.
pub async fn statements<E: Executor>(
    executor: &E,
    capabilities: &Capabilities,
    query: &StatementQuery,
) -> Result<Reading<Statements>, E::Error> {
    let source = match capabilities.statements() {
        Reading::Known(source) => source,
        Reading::Skipped(skipped) => return Ok(Reading::Skipped(skipped.clone())),
    };
    let threshold = query.slowest_at_least.as_secs_f64() * 1000.0;
    let rows = executor
        .query(&sql(source, query.order), &[&query.without, &threshold, &i64::from(query.limit)])
        .await?;
    Ok(Reading::Known(collected(&rows)?))
}

/// One entry of a statement for each of its users, and for whether it was called by a function: added up here.
/// `total_time` is the name of 12, or of an extension that was not updated since.
fn sql(source: &StatementStatistics, order: StatementOrder) -> String {
    let schema = &source.schema;
    let time = if source.has("total_exec_time") { "exec_time" } else { "time" };
    let info = if source.has_info {
        format!("(select i.dealloc, i.stats_reset from {schema}.pg_stat_statements_info() as i)")
    } else {
        "(select null::pg_catalog.int8 as dealloc, null::pg_catalog.timestamptz as stats_reset)".to_owned()
    };
    let order = match order {
        StatementOrder::Total => "pg_catalog.sum(total)",
        StatementOrder::Mean => "pg_catalog.sum(total) / pg_catalog.sum(calls)::pg_catalog.float8",
    };
    format!(
        "with /* pgkeel:statements */ seen as materialized (
            select s.queryid, s.calls, s.total_{time} as total, s.max_{time} as slowest, s.rows,
                   s.shared_blks_hit, s.shared_blks_read, s.temp_blks_written
              from {schema}.pg_stat_statements(false) as s
              where s.dbid = (select d.oid from pg_catalog.pg_database as d
                                where d.datname = pg_catalog.current_database())
                and (s.queryid is null or s.queryid <> all ($1::pg_catalog.int8[]))
          ), top as (
            select queryid, pg_catalog.sum(calls)::pg_catalog.int8 as calls, pg_catalog.sum(total) as total,
                   pg_catalog.max(slowest) as slowest, pg_catalog.sum(rows)::pg_catalog.int8 as rows, {order} as rank,
                   pg_catalog.sum(shared_blks_hit)::pg_catalog.int8 as hit,
                   pg_catalog.sum(shared_blks_read)::pg_catalog.int8 as read,
                   pg_catalog.sum(temp_blks_written)::pg_catalog.int8 as temp
              from seen
              where queryid is not null and calls > 0
              group by queryid
              having pg_catalog.max(slowest) >= $2::pg_catalog.float8
              order by rank desc, queryid
              limit $3
          )
          select totals.total, totals.hidden, info.dealloc, info.stats_reset,
                 top.queryid, top.calls, top.total, top.slowest, top.rows, top.hit, top.read, top.temp
          from (select coalesce(pg_catalog.sum(total), 0)::pg_catalog.float8 as total,
                       pg_catalog.count(*) filter (where queryid is null) as hidden
                  from seen) as totals
          cross join {info} as info
          left join top on true
          order by top.rank desc, top.queryid"
    )
}

fn collected(rows: &[Row]) -> Result<Statements, Error> {
    let mut all = Statements::default();
    for row in rows {
        let mut columns = Columns::of(row);
        all.total_time = columns.milliseconds()?;
        all.hidden = columns.count()?;
        all.evicted = columns.count_or_none()?;
        all.since = columns.take()?;
        if let Some(id) = columns.take()? {
            all.top.push(statement(id, &mut columns)?);
        }
    }
    Ok(all)
}

fn statement(id: i64, columns: &mut Columns<'_>) -> Result<Statement, Error> {
    Ok(Statement {
        id,
        calls: columns.count()?,
        total: columns.milliseconds()?,
        slowest: columns.milliseconds()?,
        rows: columns.count()?,
        blocks_hit: columns.count()?,
        blocks_read: columns.count()?,
        temp_blocks_written: columns.count()?,
    })
}
