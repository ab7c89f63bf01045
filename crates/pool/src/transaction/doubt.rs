//! Finding out what became of a COMMIT that got no answer: the server knows it by the transaction's number.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};
use tokio_postgres::Row;

use super::identity::Identity;
use super::stack::Open;
use crate::core::Core;
use crate::held::Held;
use crate::query::Query;
use crate::{Error, acquire};

/// How long the server is asked. Longer than it takes to notice a lost client, or to restart.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a transaction may go on that nobody can end any more.
const STILL_RUNNING: Duration = Duration::from_secs(1);

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Committed,
    NotCommitted,
    Unknown,
}

/// A COMMIT that got no answer.
pub(super) struct Doubt {
    core: Arc<Core>,
    xid: Option<u64>,
    /// Which server gave the number.
    identity: Option<Identity>,
    /// Whether there was nothing to commit.
    is_empty: bool,
}

impl Doubt {
    pub(super) fn of(open: &Open, held: &Held) -> Self {
        Self {
            core: Arc::clone(&held.core),
            xid: open.number.xid(),
            identity: held.slot().identity.get().cloned().flatten(),
            is_empty: open.number.is_known_empty(),
        }
    }

    pub(super) fn xid(&self) -> Option<u64> {
        self.xid
    }

    /// Asks until it is known, at most 10 s.
    pub(super) async fn resolve(self) -> Fate {
        let fate = match (self.xid, &self.identity) {
            _ if self.is_empty => Fate::NotCommitted,
            (Some(xid), Some(identity)) => {
                let question = Question { core: &self.core, xid: xid.to_string(), identity };
                timeout(PATIENCE, question.ask_until_known()).await.unwrap_or(Fate::Unknown)
            }
            _ => Fate::Unknown,
        };
        let totals = &self.core.totals;
        let total = if fate == Fate::Unknown { &totals.commits_unknown } else { &totals.commits_resolved };
        total.add_one();
        tracing::debug!(?fate, xid = self.xid, "a COMMIT got no answer");
        fate
    }
}

struct Question<'a> {
    core: &'a Arc<Core>,
    /// As text, as the type has no counterpart in Rust.
    xid: String,
    identity: &'a Identity,
}

impl Question<'_> {
    async fn ask_until_known(&self) -> Fate {
        let (begun, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            match self.ask(begun.elapsed() >= STILL_RUNNING).await {
                Ok(Some(fate)) => return fate,
                Err(Error::Closed) => return Fate::Unknown,
                Ok(None) | Err(_) => sleep(pause).await,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Asks once, on whichever session of the pool. `None` if it is to be asked again.
    async fn ask(&self, ends: bool) -> Result<Option<Fate>, Error> {
        let held = acquire::acquire(self.core, None).await?;
        let Some(here) = Identity::ask(held.connection()).await else { return Ok(None) };
        if !here.continues(self.identity) {
            return Ok(Some(Fate::Unknown));
        }
        let rows: Vec<Row> = held.run(Query::own(STATUS, &[&self.xid])).await?;
        match rows.first().and_then(|row| row.try_get::<_, &str>(0).ok()) {
            Some("committed") if here.counts_as(self.identity) => Ok(Some(Fate::Committed)),
            Some("aborted") => Ok(Some(Fate::NotCommitted)),
            Some("in progress") => {
                if ends {
                    held.run::<Vec<Row>>(Query::own(END, &[&self.xid])).await?;
                }
                Ok(None)
            }
            // Committed by a server that crashed since, so perhaps by another transaction of this number; or long ago.
            _ => Ok(Some(Fate::Unknown)),
        }
    }
}

const STATUS: &str = "select pg_catalog.pg_xact_status($1::text::xid8)";

/// Nobody can tell that transaction anything any more: its process waits for a client that the network has forgotten.
const END: &str = "select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity
    where backend_xid = ($1::text::xid8)::xid and pid <> pg_catalog.pg_backend_pid()";
