//! What all tasks share, and the two things that they can do with the database: read, and change.

use std::time::Duration;

use pgkeel_pool::connect::SqlClass;
use pgkeel_pool::{Error, Executor as _, Pool, RetryPolicy, Retrying, Tx, TxOptions};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSqlOwned, ToSql};

use super::gate::Gate;
use super::pace::Pace;
use super::report::Report;
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
    retrying: Retrying,
    /// What the pool had run again before.
    retries_before: u64,
}

/// Five attempts at most. Pauses begin at what one article takes the two in the warehouse, who are run again most.
fn policy() -> RetryPolicy {
    RetryPolicy::new().attempts(5).backoff(Duration::from_millis(20), Duration::from_secs(1))
}

impl Shop {
    pub(super) fn new(pool: Pool, pace: Pace) -> Self {
        let (trouble, retrying) = (Trouble::new(pace), pool.retrying(policy()));
        let retries_before = pool.stats().retries_total;
        Self { pool, gate: Gate::default(), pace, tally: Tally::default(), trouble, retrying, retries_before }
    }

    /// From when a statement shows up among the slow ones.
    pub(super) fn slow_from(&self) -> Duration {
        self.pool.config().slow_query_threshold().unwrap_or(SLOW_FROM)
    }

    /// What was done so far.
    pub(super) fn report(&self) -> Report {
        let retries = self.pool.stats().retries_total - self.retries_before;
        Report { retries, ..self.tally.report() }
    }

    /// Runs one statement that changes nothing, again if it fails for reasons that pass.
    pub(super) async fn read(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        let rows = self.retrying.clone().idempotent().query(sql, params).await?;
        self.tally.reads.add_one();
        Ok(rows)
    }

    /// Runs a transaction, again if it has certainly had no effect, for reasons that pass. A COMMIT whose answer is lost is
    /// resolved first.
    pub(super) async fn change<T, F, Fut>(&self, options: TxOptions, run: F) -> Result<T, Error>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<T, Error>>,
    {
        let done = self.retrying.transaction_with(options, run).await?;
        self.tally.transactions.add_one();
        Ok(done)
    }

    /// Takes note of how an action ended. Whether it ended well.
    pub(super) fn note(&self, done: Result<(), Error>) -> bool {
        match done {
            Ok(()) => self.trouble.went_well(),
            // Others were faster again and again. There is a next round.
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

#[cfg(test)]
mod tests {
    use pgkeel_pool::connect::Address;
    use pgkeel_pool::{Config, RetryLimit};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_change_is_given_up_after_five_attempts_and_four_retries_are_reported() {
        let nowhere: Address = "postgres://nobody@127.0.0.1:1/nowhere".parse().expect("an address");
        let shop = Shop::new(Pool::lazy(Config::new(nowhere)), Pace::faster(1));
        let error = shop.change(TxOptions::new(), |_| async { Ok(()) }).await.expect_err("nobody listens");
        let given_up =
            matches!(error, Error::RetriesExhausted { attempts: 5, limit: RetryLimit::Attempts, .. });
        assert!(given_up, "{error:?}");
        assert_eq!((shop.report().retries, shop.report().transactions), (4, 0));
    }
}
