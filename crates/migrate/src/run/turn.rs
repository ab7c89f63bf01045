//! A file on a session that a pooler gives to others between our transactions: its transaction is begun, with the lock, by
//! whoever plans, and all that is to be written is written in it.

use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use pgkeel_connect::{Executor as _, TransactionStatus};
use tokio::time::Instant;

use super::failure::Failure;
use super::job::{Job, Tally};
use super::runner::Runner;
use super::session::{CLEAN, Session};
use super::transaction::{PLAIN, identify, run};
use crate::{Error, Step};

/// Lets go of what files have prepared on a session that goes on to others, and of nothing that a pooler has.
const DEALLOCATE: &str = "do $$ declare name text; begin
    for name in select p.name from pg_catalog.pg_prepared_statements as p where from_sql loop
      execute format('deallocate %I', name);
    end loop;
  end $$";

/// How often a file has been tried, this time included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempts {
    pub(crate) number: u32,
    /// What attempts that failed and the pauses behind them took.
    pub(crate) lost: Duration,
}

impl Attempts {
    pub(crate) fn first() -> Self {
        Self { number: 1, lost: Duration::ZERO }
    }
}

impl Runner<'_> {
    /// Runs the file and `record`, and commits.
    pub(super) async fn take_turn(&mut self, job: &Job, record: &str, tally: &Tally) -> Result<(), Failure> {
        let context = &self.context;
        let limits = context.limits.of(job.script().directives());
        let waited = self.watch.waited();
        self.watch.begin();
        let record = || {
            let seen = Duration::from_millis(waited.load(Ordering::Relaxed));
            let prepares = job.script().sql().to_ascii_lowercase().contains("prepare");
            let deallocate = if prepares { DEALLOCATE } else { "" };
            format!("{record};\n{};\n{CLEAN};\n{deallocate}", context.last_entry(job, tally, seen))
        };
        let run = async {
            let id = identify(context.session).await?;
            run(context.session, context.lock, limits, job, record, &id).await
        };
        self.watch.over(context.session, &job.migration, run).await
    }

    /// Waits before the file is begun again.
    pub(crate) async fn try_again(&mut self, job: &Job, begun: Instant) -> Result<(), Error> {
        let Attempts { number: attempts, lost } = self.attempt;
        let mut tally = Tally { attempts, lost, ..Tally::of(job) };
        match self.watch.pause(job, &mut tally, begun).await {
            Ok(()) => {
                self.attempt = Attempts { number: tally.attempts, lost: tally.lost };
                Ok(())
            }
            Err(failure) => Err(self.give_up(job, &tally, failure).await),
        }
    }
}

/// Writes into the log, in one flight.
pub(super) async fn write(session: &Session, sql: &str) -> Result<(), Error> {
    let connection = &session.connection;
    if connection.transaction_status() != TransactionStatus::Idle {
        session.step(Step::Log, connection.batch_execute("rollback")).await?;
    }
    let whole = format!("begin; {PLAIN}; {sql}; commit");
    // sql: texts in it are quoted as literals
    let written = session.step(Step::Log, connection.batch_execute(&whole)).await;
    if written.is_err() && !connection.is_closed() {
        session.step(Step::Log, connection.batch_execute("rollback")).await?;
    }
    written
}

/// The server's clock.
pub(super) async fn now(session: &Session) -> Result<SystemTime, Error> {
    session.step(Step::Log, session.query_scalar("select pg_catalog.clock_timestamp()", &[])).await
}
