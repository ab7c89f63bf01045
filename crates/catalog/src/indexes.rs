use std::time::SystemTime;

use pgkeel_connect::{Error, Executor};
use tokio_postgres::Row;

use crate::columns::Columns;
use crate::{Capabilities, Place};

/// An index, as the server has it written down; its size is that of the latest vacuum, analyze or build.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
#[non_exhaustive]
pub struct Index {
    /// Its schema, which is its table's.
    pub schema: String,
    /// Its table.
    pub table: String,
    /// Its name.
    pub name: String,
    /// How it is built: `btree`, `gin`, …
    pub method: String,
    /// Bytes.
    pub bytes: u64,
    /// Scans.
    pub scans: u64,
    /// When it was last scanned; known from PostgreSQL 16 on.
    pub last_scan: Option<SystemTime>,
    /// Whether it forbids equal keys.
    pub is_unique: bool,
    /// Whether it is the primary key.
    pub is_primary: bool,
    /// Whether a constraint stands on it: it cannot simply be dropped.
    pub is_constraint: bool,
    /// Whether queries may use it: not while it is being built, nor after a build that failed.
    pub is_valid: bool,
    /// Whether it holds only rows that fulfil a condition.
    pub is_partial: bool,
    /// Its key columns in order; an expression is `(expression)`, as its text would have to wait behind locks.
    pub columns: Vec<String>,
    /// Columns that are stored in it besides.
    pub included: Vec<String>,
}

impl Index {
    /// Where a page that begins behind it begins.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::after(&*self.schema, &*self.name)
    }
}

/// From the catalog's columns alone: `pg_get_indexdef` waits behind whoever locks the table.
fn sql(capabilities: &Capabilities) -> String {
    let last_scan = if capabilities.is_at_least(16) {
        "pg_catalog.pg_stat_get_lastscan(page.oid)"
    } else {
        "null::pg_catalog.timestamptz"
    };
    format!(
        "with /* pgkeel:indexes */ page as materialized (
            select c.oid, n.nspname, c.relname, c.relpages, c.relam,
                   i.indrelid, i.indisunique, i.indisprimary, i.indisvalid and i.indisready as is_valid,
                   i.indpred is not null as is_partial, i.indkey, i.indnkeyatts
              from pg_catalog.pg_class as c
              join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
              join pg_catalog.pg_index as i on i.indexrelid = c.oid
              where c.relkind in ('i', 'I') and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
                and (n.nspname, c.relname) > ($1::pg_catalog.text::pg_catalog.name, $2::pg_catalog.text::pg_catalog.name)
              order by n.nspname, c.relname
              limit $3
          )
          select
            page.nspname::pg_catalog.text, t.relname::pg_catalog.text, page.relname::pg_catalog.text,
            am.amname::pg_catalog.text,
            page.relpages::pg_catalog.int8 * pg_catalog.current_setting('block_size')::pg_catalog.int8,
            pg_catalog.pg_stat_get_numscans(page.oid), {last_scan},
            page.indisunique, page.indisprimary,
            exists (select from pg_catalog.pg_constraint as k where k.conindid = page.oid and k.contype in ('p', 'u', 'x')),
            page.is_valid, page.is_partial, coalesce(keys.names, '{{}}'), coalesce(keys.included, '{{}}')
          from page
          join pg_catalog.pg_class as t on t.oid = page.indrelid
          join pg_catalog.pg_am as am on am.oid = page.relam
          left join lateral (
            select
              pg_catalog.array_agg(coalesce(a.attname::pg_catalog.text, '(expression)') order by key.place)
                filter (where key.place <= page.indnkeyatts) as names,
              pg_catalog.array_agg(a.attname::pg_catalog.text order by key.place)
                filter (where key.place > page.indnkeyatts) as included
            from pg_catalog.unnest(page.indkey::pg_catalog.int2[]) with ordinality as key (number, place)
            left join pg_catalog.pg_attribute as a on a.attrelid = page.indrelid and a.attnum = key.number
          ) as keys on true
          order by page.nspname, page.relname"
    )
}

/// Asks for a page of the indexes of all schemas but the server's own, in order of schema and name.
///
/// # Errors
/// Those of the executor.
///
/// # Cancellation
/// As for any statement of the executor.
pub async fn indexes<E: Executor>(
    executor: &E,
    capabilities: &Capabilities,
    after: &Place,
    limit: u32,
) -> Result<Vec<Index>, E::Error> {
    let (schema, name, limit) = (after.schema(), after.name(), i64::from(limit));
    let rows = executor.query(&sql(capabilities), &[&schema, &name, &limit]).await?;
    let indexes = rows.iter().map(index).collect::<Result<_, Error>>()?;
    Ok(indexes)
}

fn index(row: &Row) -> Result<Index, Error> {
    let mut columns = Columns::of(row);
    Ok(Index {
        schema: columns.take()?,
        table: columns.take()?,
        name: columns.take()?,
        method: columns.take()?,
        bytes: columns.count()?,
        scans: columns.count()?,
        last_scan: columns.take()?,
        is_unique: columns.take()?,
        is_primary: columns.take()?,
        is_constraint: columns.take()?,
        is_valid: columns.take()?,
        is_partial: columns.take()?,
        columns: columns.take()?,
        included: columns.take()?,
    })
}
