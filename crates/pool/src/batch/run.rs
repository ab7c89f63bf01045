//! Running a batch on a session.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::TryStreamExt as _;
use pgkeel_connect::{Connection, Error as StatementError, TransactionStatus};
use tokio_postgres::Statement;

use super::answers::numbered_error;
use super::in_order::in_order;
use super::{Answer, Answers, Batch, Item, as_driver};
use crate::Error;
use crate::held::Held;
use crate::moment::Moment;
use crate::observe::{Ending, Watch};
use crate::query::{Query, Site};
use crate::slot::Slot;
use crate::statements::{Prepared, refuses_parameter};
use crate::traffic::Flight;

impl Held {
    /// Runs the statements, each by itself.
    pub(crate) async fn run_batch(&self, batch: &Batch, site: Site) -> Result<Answers, Error> {
        let items = batch.statements.as_slice();
        let run = run_all(self.slot(), items);
        let results = self.depart_with(items, site, &AtomicBool::new(true), run).await?;
        Ok(Answers::new(results))
    }

    /// Runs statements on the session once nothing is in the way. If the future is dropped they are cancelled, as far as
    /// `may_cancel` says by then.
    pub(super) async fn depart_with(
        &self,
        items: &[Item],
        site: Site,
        may_cancel: &AtomicBool,
        run: impl Future<Output = Result<Vec<Result<Answer, StatementError>>, Error>>,
    ) -> Result<Vec<Result<Answer, StatementError>>, Error> {
        let slot = self.slot();
        if slot.unnamed.is_some() {
            return Err(Error::NeedsSession { what: "a batch" });
        }
        let flight = Flight::depart(&slot.traffic, &slot.connection, &slot.entry.canceller).await?;
        let is_watched = slot.config.monitoring() || slot.config.sql_echo();
        let text = if is_watched { distinct(items).join(";\n") } else { String::new() };
        let query = Query::new(&text, &[], site);
        let watch = Watch::begin(self, &query, Moment::now());
        let flight = Some(flight);
        let mut departed =
            Departed { held: self, query, watch: Some(watch), flight, may_cancel, settled: false };
        let done = run.await;
        departed.settled = done.as_ref().is_ok_and(|results| results.iter().all(Result::is_ok));
        departed.arrive();
        departed.observe(&done);
        done
    }
}

/// Statements under way. Dropped before they have arrived, they are cancelled if they may be.
struct Departed<'a> {
    held: &'a Held,
    query: Query<'a>,
    /// Until their end.
    watch: Option<Watch>,
    flight: Option<Flight<'a>>,
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

    /// They count as one: how long each took cannot be told.
    fn observe(&mut self, done: &Result<Vec<Result<Answer, StatementError>>, Error>) {
        let failed = match done {
            Ok(results) => results.iter().find_map(|result| result.as_ref().err()),
            Err(Error::Statement(error) | Error::InBatch { source: error, .. }) => Some(error),
            Err(_) => None,
        };
        let rows = done.iter().flatten().flatten().map(Answer::rows_affected).sum();
        self.end(failed.map_or(Ending::Well(rows), Ending::Failed));
    }

    fn end(&mut self, ending: Ending<'_>) {
        if let Some(watch) = self.watch.take() {
            watch.end(self.held, &self.query, None, Moment::now(), ending);
        }
    }
}

impl Drop for Departed<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.held.slot().unsettle();
        }
        if !self.may_cancel.load(Ordering::Relaxed) {
            self.arrive();
        }
        self.end(Ending::Abandoned);
    }
}

/// Each text once, in the order of coming.
fn distinct(items: &[Item]) -> Vec<&str> {
    let mut texts = Vec::new();
    let mut seen = HashSet::new();
    for item in items {
        if texts.last() != Some(&&*item.sql) && seen.insert(&*item.sql) {
            texts.push(&*item.sql);
        }
    }
    texts
}

/// Prepares what has to be prepared, all at once.
pub(super) async fn prepare(slot: &Slot, items: &[Item]) -> Result<Vec<Arc<Prepared>>, Error> {
    if let Some(kept) = kept(slot, items) {
        return Ok(kept);
    }
    let texts = distinct(items);
    let asked: Vec<_> = texts.iter().map(|sql| slot.prepared(sql)).collect();
    let prepared = in_order(asked).await;
    let mut by_text = HashMap::with_capacity(texts.len());
    for (sql, prepared) in texts.iter().zip(prepared) {
        let index = || items.iter().position(|item| item.sql == *sql).unwrap_or_default();
        by_text.insert(*sql, prepared.map_err(|error| numbered_error(index(), error))?);
    }
    Ok(items.iter().map(|item| Arc::clone(&by_text[&*item.sql])).collect())
}

/// If all of them were prepared before. Equal ones mostly follow each other, and are looked for once.
fn kept(slot: &Slot, items: &[Item]) -> Option<Vec<Arc<Prepared>>> {
    let mut kept = Vec::<Arc<Prepared>>::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let again = index > 0 && items[index - 1].sql == item.sql;
        kept.push(if again { Arc::clone(&kept[index - 1]) } else { slot.kept(&item.sql)? });
    }
    Some(kept)
}

async fn run_all(slot: &Slot, items: &[Item]) -> Result<Vec<Result<Answer, StatementError>>, Error> {
    let mut results = run_once(slot, items).await?;
    forget_overtaken(slot, items, &results);
    if let Some(stale) = stale_tail(slot, items, &results) {
        results.truncate(stale);
        results.extend(run_once(slot, &items[stale..]).await?);
    }
    Ok(results)
}

/// Kept statements that the server refused for what they mean are prepared anew next time: here others may have had their
/// effect.
pub(super) fn forget_overtaken<T>(slot: &Slot, items: &[Item], results: &[Result<T, StatementError>]) {
    for (item, result) in items.iter().zip(results) {
        if let Err(error) = result {
            slot.forget_overtaken(&item.sql, error);
        }
    }
}

async fn run_once(slot: &Slot, items: &[Item]) -> Result<Vec<Result<Answer, StatementError>>, Error> {
    let statements = prepare(slot, items).await?;
    let sent = items.iter().zip(&statements);
    let sent: Vec<_> =
        sent.map(|(item, statement)| run_one(&slot.connection, item, &statement.statement)).collect();
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
