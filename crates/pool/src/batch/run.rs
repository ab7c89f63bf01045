//! Running a batch on a session.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures_util::TryStreamExt as _;
use pgkeel_connect::{Connection, Error as StatementError, TransactionStatus};
use tokio_postgres::Statement;

use super::answers::numbered_error;
use super::in_order::in_order;
use super::{Answer, Answers, Batch, Item, as_driver};
use crate::Error;
use crate::held::Held;
use crate::slot::Slot;
use crate::statements::refuses_parameter;
use crate::traffic::Flight;

impl Held {
    /// Runs the statements, each by itself.
    pub(crate) async fn run_batch(&self, batch: &Batch) -> Result<Answers, Error> {
        let items = batch.statements.as_slice();
        let results = self.depart_with(items, &AtomicBool::new(true), run_all(self.slot(), items)).await?;
        Ok(Answers::new(results))
    }

    /// Runs statements on the session once nothing is in the way. If the future is dropped they are cancelled, as far as
    /// `may_cancel` says by then.
    pub(super) async fn depart_with<T>(
        &self,
        items: &[Item],
        may_cancel: &AtomicBool,
        run: impl Future<Output = Result<Vec<Result<T, StatementError>>, Error>>,
    ) -> Result<Vec<Result<T, StatementError>>, Error> {
        let slot = self.slot();
        if slot.unnamed.is_some() {
            return Err(Error::NeedsSession { what: "a batch" });
        }
        let flight = Flight::depart(&slot.traffic, &slot.connection, &slot.entry.canceller).await?;
        let mut departed = Departed { flight: Some(flight), slot, may_cancel, settled: false };
        let start = Instant::now();
        let done = run.await;
        departed.settled = done.as_ref().is_ok_and(|results| results.iter().all(Result::is_ok));
        departed.arrive();
        let took = start.elapsed();
        if slot.config.slow_query_threshold().is_some_and(|threshold| took >= threshold) {
            self.core.slow.keep(&distinct(items).join(";\n"), took, slot.waited, !departed.settled);
        }
        done
    }
}

/// Statements under way. Dropped before they have arrived, they are cancelled if they may be.
struct Departed<'a> {
    flight: Option<Flight<'a>>,
    slot: &'a Slot,
    may_cancel: &'a AtomicBool,
    /// Whether the server's last word is known.
    settled: bool,
}

impl Departed<'_> {
    fn arrive(&mut self) {
        if let Some(flight) = self.flight.take() {
            flight.arrive();
        }
    }
}

impl Drop for Departed<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.slot.unsettle();
        }
        if !self.may_cancel.load(Ordering::Relaxed) {
            self.arrive();
        }
    }
}

/// Each text once, in the order of coming.
fn distinct(items: &[Item]) -> Vec<&str> {
    let mut texts = Vec::new();
    let mut seen = std::collections::HashSet::new();
    texts.extend(items.iter().map(|item| &*item.sql).filter(|sql| seen.insert(*sql)));
    texts
}

/// Prepares what has to be prepared, all at once.
pub(super) async fn prepare(slot: &Slot, items: &[Item]) -> Result<Vec<Statement>, Error> {
    let texts = distinct(items);
    let asked: Vec<_> = texts.iter().map(|sql| slot.prepared(sql)).collect();
    let prepared = in_order(asked).await;
    let mut by_text = HashMap::with_capacity(texts.len());
    for (sql, prepared) in texts.iter().zip(prepared) {
        let index = || items.iter().position(|item| item.sql == *sql).unwrap_or_default();
        by_text.insert(*sql, prepared.map_err(|error| numbered_error(index(), error))?);
    }
    Ok(items.iter().map(|item| by_text[&*item.sql].clone()).collect())
}

async fn run_all(slot: &Slot, items: &[Item]) -> Result<Vec<Result<Answer, StatementError>>, Error> {
    let mut results = run_once(slot, items).await?;
    if let Some(stale) = stale_tail(slot, items, &results) {
        results.truncate(stale);
        results.extend(run_once(slot, &items[stale..]).await?);
    }
    Ok(results)
}

async fn run_once(slot: &Slot, items: &[Item]) -> Result<Vec<Result<Answer, StatementError>>, Error> {
    let statements = prepare(slot, items).await?;
    let sent = items.iter().zip(&statements);
    let sent: Vec<_> = sent.map(|(item, statement)| run_one(&slot.connection, item, statement)).collect();
    Ok(in_order(sent).await)
}

/// Kept statements that do not fit their tables or parameters any more are forgotten. Where from the first of them on all
/// were refused for that, nothing of them was run, and running them once more keeps their order; in a transaction only if
/// none was sent either, as it has failed otherwise.
fn stale_tail<T>(slot: &Slot, items: &[Item], results: &[Result<T, StatementError>]) -> Option<usize> {
    let first = results.iter().position(is_stale)?;
    for (item, result) in items.iter().zip(results).skip(first) {
        slot.can_heal(&item.sql, result);
    }
    let (before, tail) = results.split_at(first);
    let is_well = slot.connection.transaction_status() == TransactionStatus::Idle
        || slot.takes_statements()
            && before.iter().all(Result::is_ok)
            && tail.iter().all(|result| result.as_ref().is_err_and(refuses_parameter));
    (is_well && tail.iter().all(is_stale)).then_some(first)
}

/// As in `statements.rs`, which can tell it of each kept statement once only.
fn is_stale<T>(result: &Result<T, StatementError>) -> bool {
    let Err(error) = result else { return false };
    let routine = error.server().and_then(|server| server.routine());
    matches!(routine, Some("RevalidateCachedQuery" | "FetchPreparedStatement")) || refuses_parameter(error)
}

/// Sends a statement at the first poll and collects what it gives.
pub(super) async fn run_one(
    connection: &Connection,
    item: &Item,
    statement: &Statement,
) -> Result<Answer, StatementError> {
    let run = async {
        let params = item.params.iter().map(as_driver);
        let mut rows = pin!(connection.client().query_raw(statement, params).await?);
        let mut kept = Vec::new();
        while let Some(row) = rows.as_mut().try_next().await? {
            kept.push(row);
        }
        Ok(Answer::new(kept, rows.rows_affected().unwrap_or_default()))
    };
    run.await.map_err(|error: tokio_postgres::Error| connection.explain(error.into()))
}
