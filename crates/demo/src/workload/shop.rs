//! What all tasks share, and the two things that they can do with the database: read, and change.

use std::time::Duration;

use pgkeel_pool::connect::SqlClass;
use pgkeel_pool::{Error, Executor as _, Pool, Tx, TxOptions};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSqlOwned, ToSql};

use super::gate::Gate;
use super::pace::Pace;
use super::retry::retrying;
use super::tally::Tally;
use super::trouble::Trouble;

/// From when a report counts as slow where the pool has no threshold.
const SLOW_FROM: Duration = Duration::from_secs(1);

pub(super) struct Shop {
    pub(super) pool: Pool,
    pub(super) gate: Gate,
    pub(super) pace: Pace,
    pub(super) tally: Tally,
    trouble: Trouble,
}

impl Shop {
    pub(super) fn new(pool: Pool, pace: Pace) -> Self {
        let trouble = Trouble::new(pace);
        Self { pool, gate: Gate::default(), pace, tally: Tally::default(), trouble }
    }

    /// From when a statement shows up among the slow ones.
    pub(super) fn slow_from(&self) -> Duration {
        self.pool.config().slow_query_threshold().unwrap_or(SLOW_FROM)
    }

    /// Runs one statement that changes nothing.
    pub(super) async fn read(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        let rows = retrying(self, || self.pool.query(sql, params)).await?;
        self.tally.reads.add_one();
        Ok(rows)
    }

    /// Runs a transaction, again if it is refused for reasons that pass.
    pub(super) async fn change<T, F, Fut>(&self, options: TxOptions, run: F) -> Result<T, Error>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<T, Error>>,
    {
        let done = retrying(self, || self.pool.transaction_with(options, &run)).await?;
        self.tally.transactions.add_one();
        Ok(done)
    }

    /// Takes note of how an action ended. Whether it ended well.
    pub(super) fn note(&self, done: Result<(), Error>) -> bool {
        match done {
            Ok(()) => self.trouble.went_well(),
            // Given up for a pause or the end, not for the database.
            Err(error) if error.is_safe_to_retry() && !self.gate.is_open() => {}
            // Others were faster five times in a row. There is a next round.
            Err(error) if error.class() == Some(SqlClass::Rollback) => self.tally.expected_errors.add_one(),
            Err(error) => {
                self.tally.failures.add_one();
                self.trouble.met(&error);
                return false;
            }
        }
        true
    }
}

/// A column of a row.
pub(super) fn column<T: FromSqlOwned>(row: &Row, position: usize) -> Result<T, Error> {
    row.try_get(position).map_err(|error| pgkeel_pool::connect::Error::from(error).into())
}

/// The first column of every row.
pub(super) fn first_column<T: FromSqlOwned>(rows: &[Row]) -> Result<Vec<T>, Error> {
    rows.iter().map(|row| column(row, 0)).collect()
}
