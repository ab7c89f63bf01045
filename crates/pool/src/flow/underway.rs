use std::sync::Arc;

use crate::Error;
use crate::held::Held;
use crate::moment::Moment;
use crate::observe::{Ending, Watch};
use crate::query::{Query, Site};
use crate::traces::may_leave_traces;
use crate::traffic::{self, Flight};

/// A statement under way for as long as this is there. Keeps its session.
pub(crate) struct Underway {
    pub(super) held: Arc<Held>,
    sql: Box<str>,
    site: Site,
    /// Until its end. The time that the caller takes to read is part of it, as its session is busy meanwhile.
    watch: Option<Watch>,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// It was dropped before.
    Open,
    Well,
    Failed,
}

impl Underway {
    /// Sets out as soon as nothing is in the way.
    pub(super) async fn depart(held: Arc<Held>, sql: &str, site: Site) -> Result<Self, Error> {
        let slot = held.slot();
        if slot.unnamed.is_some() {
            return Err(Error::NeedsSession { what: "a stream or copy" });
        }
        let flight = Flight::depart(&slot.traffic, &slot.connection, &slot.entry.canceller).await?;
        if may_leave_traces(sql) {
            slot.leave_traces();
        }
        let watch = Watch::begin(&held, &Query::new(sql, &[], site), Moment::now());
        flight.outlast(); // Behind everything that may panic, such as whoever listens to spans.
        Ok(Self { held, sql: sql.into(), site, watch: Some(watch), end: End::Open })
    }

    /// It has come to a good end, with so many rows.
    pub(super) fn arrive(&mut self, rows: u64) {
        self.end = End::Well;
        self.observe(Ending::Well(rows));
    }

    /// It has ended with this error.
    pub(super) fn fail(&mut self, error: &pgkeel_connect::Error) {
        self.end = End::Failed;
        self.observe(Ending::Failed(error));
    }

    /// This error of the driver's, with the reason if the connection is over.
    pub(super) fn explain(&self, error: tokio_postgres::Error) -> pgkeel_connect::Error {
        self.held.connection().explain(error.into())
    }

    fn observe(&mut self, ending: Ending<'_>) {
        let Some(watch) = self.watch.take() else { return };
        let query = Query::new(&self.sql, &[], self.site);
        watch.end(&self.held, &query, None, Moment::now(), ending);
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let slot = self.held.slot();
        if self.end != End::Well {
            slot.unsettle();
        }
        traffic::land(&slot.traffic, &slot.entry.canceller, self.end != End::Open);
        self.observe(Ending::Abandoned);
    }
}
