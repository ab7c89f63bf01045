//! How many rows the tables of a statement hold, for a bound and for what is left.

use pgkeel_connect::Executor as _;
use tokio_postgres::Row;

use super::session::Session;
use crate::{Error, Step};

/// A statement that leaves out what is done goes once through its tables. So many times more are for estimates that are
/// wrong, for batches that are not full, and for rows that come in meanwhile.
const TIMES: u64 = 10;

/// So many batches are always allowed: of small tables, and of rows that come from no table.
pub(super) const FEW_BATCHES: u64 = 100;

/// How many rows tables hold, by estimate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// Those that the statement names.
    pub(super) all: u64,
    /// Those that it changes.
    pub(super) changed: u64,
}

/// Of the tables that this transaction has locked, to read or to change them; by the rule of the planner, which holds how
/// full their pages were when they were last looked through against how many there are now. One that nobody ever looked
/// through counts as having rows of some 80 bytes.
const SIZE: &str = "
    select coalesce(pg_catalog.sum(tuples), 0)::pg_catalog.int8,
        coalesce(pg_catalog.sum(tuples) filter (where is_changed), 0)::pg_catalog.int8
    from (select pg_catalog.bool_or(mode operator(pg_catalog.=) 'RowExclusiveLock') as is_changed,
            case when reltuples operator(pg_catalog.>=) 0 and relpages operator(pg_catalog.>) 0
                then reltuples::pg_catalog.float8 operator(pg_catalog./) relpages
                else pg_catalog.current_setting('block_size')::pg_catalog.float8 operator(pg_catalog./) 80 end
            operator(pg_catalog.*) (pg_catalog.pg_relation_size(c.oid)
                operator(pg_catalog./) pg_catalog.current_setting('block_size')::pg_catalog.int8) as tuples
        from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) l.relation
            join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) relnamespace
        where locktype operator(pg_catalog.=) 'relation' and l.pid operator(pg_catalog.=) pg_catalog.pg_backend_pid()
            and relkind operator(pg_catalog.=) any (array['r', 'm']::pg_catalog.\"char\"[])
            and l.database operator(pg_catalog.=) (select oid from pg_catalog.pg_database
                where datname operator(pg_catalog.=) pg_catalog.current_database())
            and nspname operator(pg_catalog.<>) all
                (array['pg_catalog', 'pg_toast', 'information_schema', 'pgkeel']::pg_catalog.name[])
        group by c.oid, reltuples, relpages) as held";

impl Size {
    /// Of the tables that the transaction that is open has locked.
    pub(super) async fn of(session: &Session) -> Result<Self, Error> {
        let row = session.step(Step::Check, session.query_one(SIZE, &[])).await?;
        Self::read(&row)
            .map_err(|source| pgkeel_connect::Error::Decode { column: 0, source })
            .map_err(|source| Error::Database { step: Step::Check, source })
    }

    fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let (all, changed): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        Ok(Self { all: all.unsigned_abs(), changed: changed.unsigned_abs() })
    }

    /// How many batches may change rows before it is taken for a statement that never ends.
    pub(super) fn most_batches(self, batch: u32) -> u64 {
        FEW_BATCHES + TIMES * self.all.div_ceil(u64::from(batch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_times_the_rows_are_more_than_enough() {
        let most = |all, batch| Size { all, changed: 0 }.most_batches(batch);
        assert_eq!((most(0, 1000), most(1, 1000), most(1_000_001, 1000)), (100, 110, 10_110));
    }
}
