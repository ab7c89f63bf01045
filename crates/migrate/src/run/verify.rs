//! What a `.verify.sql` says has to be so, asked behind the statements of its file.
//!
//! It may not change anything: it is asked in a read-only part of the transaction, which is rolled back.

use std::pin::pin;

use futures_util::TryStreamExt as _;
use pgkeel_connect::Executor as _;
use tokio::time::timeout;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::failure::{Failure, Reason};
use super::job::Job;
use super::session::{Limits, Session};
use super::transaction::refused;
use crate::files::Script;
use crate::{Direction, Step};

const BEGIN: &str = "savepoint pgkeel_verify; set transaction read only";
const END: &str = "rollback to savepoint pgkeel_verify; release savepoint pgkeel_verify";

impl Job {
    /// What has to be so behind it.
    pub(super) fn verify(&self) -> Option<&Script> {
        self.migration.verify().filter(|_| self.direction == Direction::Up)
    }
}

/// Asks, in the transaction that is open; a failure leaves it failed.
pub(super) async fn verify(session: &Session, limits: Limits, job: &Job) -> Result<(), Failure> {
    let Some(script) = job.verify() else { return Ok(()) };
    session.step(Step::Check, session.connection.batch_execute(BEGIN)).await?;
    for index in 0..script.len() {
        let asked = ask(session, limits, script, index).await;
        asked.map_err(|failure| failure.at(script.location(index)).in_file(script.file()))?;
    }
    session.step(Step::Check, session.connection.batch_execute(END)).await?;
    Ok(())
}

async fn ask(session: &Session, limits: Limits, script: &Script, index: usize) -> Result<(), Failure> {
    let limit = limits.answer();
    let run = async {
        let mut answer = Answer::default();
        let mut messages = pin!(session.connection.client().simple_query_raw(script.statement(index)).await?);
        while let Some(message) = messages.try_next().await? {
            answer.add(&message);
        }
        Ok(answer)
    };
    match timeout(limit, run).await {
        Ok(Ok(answer)) => match answer.fault() {
            None => Ok(()),
            Some(answer) => Err(Reason::Unverified { answer }.into()),
        },
        Ok(Err(error)) => Err(match refused(session, error) {
            (failure, Some(at)) => failure.at(script.location_in(index, at)),
            (failure, None) => failure,
        }),
        Err(_) => Err(Reason::TooSlow { waited: limit }.into()),
    }
}

/// What a statement has answered.
#[derive(Default)]
struct Answer {
    is_query: bool,
    rows: usize,
    fault: Option<&'static str>,
}

impl Answer {
    fn add(&mut self, message: &SimpleQueryMessage) {
        match message {
            SimpleQueryMessage::RowDescription(_) => self.is_query = true,
            SimpleQueryMessage::Row(row) => {
                self.rows += 1;
                self.fault = self.fault.or_else(|| fault(row));
            }
            _ => {}
        }
    }

    /// Statements that answer nothing, such as SET or DO, only have to go well.
    fn fault(&self) -> Option<&'static str> {
        if self.is_query && self.rows == 0 { Some("no row") } else { self.fault }
    }
}

/// What is wrong with the first column of a row; one without columns is there, and that is enough.
fn fault(row: &SimpleQueryRow) -> Option<&'static str> {
    if row.is_empty() { None } else { fault_of(row.get(0)) }
}

fn fault_of(value: Option<&str>) -> Option<&'static str> {
    match value {
        None => Some("null"),
        Some("f") => Some("false"),
        Some(value) if value.parse::<f64>() == Ok(0.0) => Some("zero"),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn false_zero_and_nothing_are_faults() {
        assert_eq!(fault_of(Some("f")), Some("false"));
        assert_eq!(fault_of(None), Some("null"));
        for zero in ["0", "0.00", "-0"] {
            assert_eq!(fault_of(Some(zero)), Some("zero"), "{zero}");
        }
        for fine in ["t", "1", "-0.5", "", "false positive", "NaN"] {
            assert_eq!(fault_of(Some(fine)), None, "{fine}");
        }
    }
}
