//! A transaction whose statements are known: BEGIN, all of them, and COMMIT in one flight.
//!
//! What is sent cannot be taken back, so each way in which it can fail has to end in all or nothing. A statement that
//! the server refuses fails the transaction, whatever is sent behind it, and COMMIT is answered by a rollback. One that
//! could not be sent, as its parameters do not fit, has ROLLBACK sent instead of COMMIT. And while BEGIN may still be
//! under way nothing is cancelled, or the cancel could hit BEGIN, and what is behind it would run each by itself.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;
use pgkeel_connect::{Error as StatementError, Executor as _, TxOptions};

use super::answers::numbered_error;
use super::control::controls_transaction;
use super::in_order::in_order;
use super::run::{forget_overtaken, prepare, run_one};
use super::{Answer, Batch, Item};
use crate::Error;
use crate::held::Held;
use crate::query::Site;
use crate::statements::refuses_parameter;

type Results = Vec<Result<Answer, StatementError>>;

type Sent<'a> = Pin<Box<dyn Future<Output = Result<Answer, StatementError>> + Send + 'a>>;

impl Held {
    /// Runs the statements as one transaction.
    pub(crate) async fn run_transaction(
        &self,
        options: TxOptions,
        batch: &Batch,
        site: Site,
    ) -> Result<Vec<Answer>, Error> {
        let items = batch.statements.as_slice();
        if let Some(index) = items.iter().position(|item| controls_transaction(&item.sql)) {
            return Err(Error::TransactionControl { index });
        }
        let (mut results, mut rolled_back) = self.send_transaction(options, items, site).await?;
        if self.can_heal_unsent(items, &results) && rolled_back {
            (results, rolled_back) = self.send_transaction(options, items, site).boxed().await?;
        }
        verdict(results, rolled_back)
    }

    /// The results of BEGIN, the statements, and COMMIT; or of ROLLBACK, and that it was that.
    async fn send_transaction(
        &self,
        options: TxOptions,
        items: &[Item],
        site: Site,
    ) -> Result<(Results, bool), Error> {
        let (begin_sql, begun) = (options.to_string(), AtomicBool::new(false));
        let (unsent, rolled_back) = (AtomicBool::new(false), AtomicBool::new(false));
        let flight = async {
            let (slot, connection) = (self.slot(), self.connection());
            let statements = prepare(slot, items).await?;
            let mut sent = Vec::<Sent<'_>>::with_capacity(items.len() + 2);
            sent.push(Box::pin(async {
                let done = connection.batch_execute(&begin_sql).await;
                begun.store(true, Ordering::Relaxed);
                done.map(|()| Answer::default())
            }));
            for (item, statement) in items.iter().zip(&statements) {
                let unsent = &unsent;
                sent.push(Box::pin(async move {
                    let done = run_one(connection, item, &statement.statement).await;
                    if matches!(done, Err(StatementError::Driver(_))) {
                        unsent.store(true, Ordering::Relaxed);
                    }
                    done
                }));
            }
            sent.push(Box::pin(async {
                let gives_up = unsent.load(Ordering::Relaxed);
                rolled_back.store(gives_up, Ordering::Relaxed);
                let end = if gives_up { "ROLLBACK" } else { "COMMIT" };
                connection.batch_execute(end).await.map(|()| Answer::default())
            }));
            Ok(in_order(sent).await)
        };
        let results = self.depart_with(items, site, &begun, flight).await?;
        Ok((results, rolled_back.into_inner()))
    }

    /// Kept statements that do not fit their tables or parameters any more are forgotten. Whether nothing else was wrong than
    /// that some were not sent: then all are undone by a rollback, and may be run once more.
    fn can_heal_unsent(&self, items: &[Item], results: &Results) -> bool {
        let behind_begin = items.iter().zip(results.iter().skip(1));
        forget_overtaken(self.slot(), items, results.get(1..).unwrap_or_default());
        let healed = behind_begin.filter(|(item, result)| self.slot().can_heal(&item.sql, result)).count();
        healed > 0 && results.iter().filter_map(|result| result.as_ref().err()).all(refuses_parameter)
    }
}

/// What came of it: the results of BEGIN, the statements, and COMMIT.
fn verdict(results: Results, rolled_back: bool) -> Result<Vec<Answer>, Error> {
    let count = results.len().saturating_sub(2);
    let mut results = results.into_iter();
    if let Some(Err(refused)) = results.next() {
        return Err(without_begin(refused, results));
    }
    let mut answers = Vec::with_capacity(count);
    for (index, result) in results.by_ref().take(count).enumerate() {
        match result {
            Ok(answer) => answers.push(answer),
            // COMMIT had been sent behind it.
            Err(lost) if lost.is_disconnected() => {
                return Err(Error::CommitUnknown { xid: None, source: lost });
            }
            // Neither refused nor unsent, as with the text of a COPY: an answer that the driver does not understand.
            Err(odd) if odd.server().is_none() && !rolled_back => {
                return Err(Error::CommitUnknown { xid: None, source: odd });
            }
            Err(error) => return Err(numbered_error(index, error)),
        }
    }
    match results.next() {
        Some(Err(lost)) if lost.is_disconnected() => Err(Error::CommitUnknown { xid: None, source: lost }),
        Some(Err(error)) => Err(Error::Statement(error)),
        _ => Ok(answers),
    }
}

/// BEGIN failed: either everything did, or the statements behind it were run each by itself.
fn without_begin(
    refused: StatementError,
    mut behind: impl Iterator<Item = Result<Answer, StatementError>>,
) -> Error {
    if refused.is_disconnected() {
        return Error::CommitUnknown { xid: None, source: refused };
    }
    if behind.any(|result| result.is_ok()) {
        Error::NotBegun { source: refused }
    } else {
        Error::Statement(refused)
    }
}
