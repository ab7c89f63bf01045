use std::sync::Arc;
use std::time::Instant;

use crate::Error;
use crate::held::Held;
use crate::traces::may_leave_traces;
use crate::traffic::{self, Flight};

/// A statement under way for as long as this is there. Keeps its session.
pub(crate) struct Underway {
    pub(super) held: Arc<Held>,
    sql: Box<str>,
    begun: Instant,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It was dropped before.
    Open,
    Well,
    Failed,
}

impl Underway {
    /// Sets out as soon as nothing is in the way.
    pub(super) async fn depart(held: Arc<Held>, sql: &str) -> Result<Self, Error> {
        let slot = held.slot();
        if slot.unnamed.is_some() {
            return Err(Error::NeedsSession { what: "a stream or copy" });
        }
        Flight::depart(&slot.traffic, &slot.connection, &slot.entry.canceller).await?.outlast();
        if may_leave_traces(sql) {
            slot.leave_traces();
        }
        Ok(Self { held, sql: sql.into(), begun: Instant::now(), end: End::Open })
    }

    pub(super) fn end(&mut self, end: End) {
        self.end = end;
    }

    /// This error of the driver's, with the reason if the connection is over.
    pub(super) fn explain(&self, error: tokio_postgres::Error) -> pgkeel_connect::Error {
        self.held.connection().explain(error.into())
    }

    /// The time that the caller took to read is part of it, as its session is busy meanwhile.
    fn note_if_slow(&self) {
        let (slot, took) = (self.held.slot(), self.begun.elapsed());
        if slot.config.slow_query_threshold().is_some_and(|threshold| took >= threshold) {
            self.held.core.slow.keep(&self.sql, took, slot.waited, self.end == End::Failed);
        }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let slot = self.held.slot();
        if self.end != End::Well {
            slot.unsettle();
        }
        traffic::land(&slot.traffic, &slot.entry.canceller, self.end != End::Open);
        if self.end != End::Open {
            self.note_if_slow();
        }
    }
}
