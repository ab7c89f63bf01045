//! Running statements on a session in somebody's hands.

use std::sync::atomic::Ordering;

use futures_util::FutureExt as _;
use pgkeel_connect::{EncodedParams, Executor as _};
use tokio::time::timeout;

use crate::Error;
use crate::held::{CONTROL_TIMEOUT, Held, silence};
use crate::moment::Moment;
use crate::observe::{Ending, Watch};
use crate::outcome::{Counted, Outcome};
use crate::query::Query;
use crate::statements::{Prepared, is_of_meaning};
use crate::traces::may_leave_traces;
use crate::traffic::Flight;
use crate::unnamed::is_of_asking;

/// How often a statement is prepared anew for a run that finds its tables changed. Each time takes another change between its
/// being prepared and its being run; as both wait for locks in their turn, changes that come one right behind the other do that
/// each time.
pub(crate) const MOST_HEALINGS: u32 = 50;

impl Held {
    /// Runs a statement, prepared now or before, or with the types of its parameters.
    pub(crate) async fn run<T: Outcome>(&self, query: Query<'_>) -> Result<T, Error> {
        let slot = self.slot();
        if let Some(unnamed) = &slot.unnamed {
            return T::unnamed(unnamed, self, query).boxed().await;
        }
        if let Some(params) = query.typed {
            return self.run_typed(query, params).boxed().await; // In a box, or it would make every statement large.
        }
        let underway = self.begin(&query).await?;
        let prepared = match slot.prepared(query.sql).await {
            Ok(prepared) => prepared,
            Err(refused) => return underway.end(Err(refused), None),
        };
        let mut done = T::prepared(&slot.connection, &prepared.statement, query).await;
        let mut healings = MOST_HEALINGS;
        while healings > 0 && slot.can_heal(query.sql, &done) {
            healings -= 1;
            let again = async {
                let prepared = slot.prepared(query.sql).await?;
                T::prepared(&slot.connection, &prepared.statement, query).await
            };
            done = again.boxed().await;
        }
        if healings == MOST_HEALINGS
            && let Err(error) = &done
            && is_of_meaning(error)
        {
            let renewed = slot.renewed(query.sql, &prepared, error).boxed().await;
            if let Some(renewed) = renewed {
                done = T::prepared(&slot.connection, &renewed.statement, query).boxed().await;
            }
        }
        underway.end(done, Some(&prepared))
    }

    /// Runs a statement in one flight and keeps nothing of it.
    async fn run_typed<T: Outcome>(&self, query: Query<'_>, params: &EncodedParams) -> Result<T, Error> {
        let underway = self.begin(&query).await?;
        if may_leave_traces(query.sql) {
            self.slot().leave_traces();
        }
        let completed = self.connection().completed();
        let done = T::typed(self.connection(), query, params).await;
        let error = done.as_ref().err();
        if error.and_then(pgkeel_connect::Error::code).is_some_and(is_of_asking) {
            self.invalidate(); // What its driver looks types up with is gone.
        }
        let is_unread = error.is_some_and(|error| self.was_carried_out(completed, error));
        match underway.end(done, None) {
            Err(Error::Statement(source)) if is_unread => Err(Error::RowsUnreadable { source }),
            done => done,
        }
    }

    /// Whether a typed statement had been carried out when the server refused something: what the driver asks for behind it,
    /// the types of its columns. Known only where nothing else was under way; elsewhere nothing is run again unasked.
    fn was_carried_out(&self, completed: u64, error: &pgkeel_connect::Error) -> bool {
        let is_refusal = matches!(error, pgkeel_connect::Error::Server(server) if !server.is_fatal());
        self.is_brief && is_refusal && self.connection().completed_before_refusal() > completed
    }

    /// Runs statements without parameters, as they are.
    pub(crate) async fn run_text(&self, query: Query<'_>) -> Result<(), Error> {
        if let Some(unnamed) = &self.slot().unnamed {
            return unnamed.batch_execute(self, query).boxed().await;
        }
        if may_leave_traces(query.sql) {
            self.slot().leave_traces(); // Before it is sent: what is dropped half-way may have had its effect.
        }
        self.watched(query, self.connection().batch_execute(query.sql)).await
    }

    /// Runs a statement of the pool's own, such as COMMIT, which is not waited for without a bound.
    pub(crate) async fn control(&self, sql: &str) -> Result<(), Error> {
        let answered = async {
            let answer = timeout(CONTROL_TIMEOUT, self.connection().batch_execute(sql));
            answer.await.unwrap_or_else(|_| Err(silence(sql)))
        };
        self.watched(Query::own(sql, &[]), answered).await
    }

    /// Prepares a statement, so that running it is one message.
    pub(crate) async fn prepare(&self, sql: &str) -> Result<(), Error> {
        let query = Query::own(sql, &[]);
        let underway = self.depart(&query, |_| None).await?;
        underway.end(self.slot().prepared(sql).await.map(drop), None)
    }

    /// Runs a statement once nothing is in its way, and notes what becomes of it.
    pub(crate) async fn watched<T: Counted>(
        &self,
        query: Query<'_>,
        statement: impl Future<Output = Result<T, pgkeel_connect::Error>>,
    ) -> Result<T, Error> {
        let underway = self.begin(&query).await?;
        underway.end(statement.await, None)
    }

    /// Begins a statement once nothing is in its way. Whatever becomes of it is noted: also if it is dropped.
    async fn begin<'a>(&'a self, query: &'a Query<'a>) -> Result<Underway<'a>, Error> {
        self.depart(query, |begun| Some(Watch::begin(self, query, begun))).await
    }

    async fn depart<'a>(
        &'a self,
        query: &'a Query<'a>,
        watch: impl FnOnce(Moment) -> Option<Watch>,
    ) -> Result<Underway<'a>, Error> {
        let slot = self.slot();
        let flight = Flight::depart(&slot.traffic, &slot.connection, &slot.entry.canceller).await?;
        let begun = if self.is_brief { slot.taken } else { Moment::now() };
        Ok(Underway { flight, fate: Fate { held: self, query, watch: watch(begun), is_known: false } })
    }
}

/// A statement on its way. Dropped before its end, it is cancelled, and the session is not settled.
struct Underway<'a> {
    flight: Flight<'a>,
    fate: Fate<'a>,
}

impl Underway<'_> {
    /// The server has answered.
    #[inline]
    fn end<T: Counted>(
        self,
        done: Result<T, pgkeel_connect::Error>,
        prepared: Option<&Prepared>,
    ) -> Result<T, Error> {
        let Self { flight, mut fate } = self;
        fate.is_known = true;
        let (held, now) = (fate.held, Moment::now());
        flight.arrive();
        let ending = match &done {
            Ok(value) => Ending::Well(value.rows()),
            Err(error) => {
                // Rows are counted when all have come: a wrong number says nothing of the session.
                if !matches!(error, pgkeel_connect::Error::RowCount { .. }) {
                    held.slot().unsettle();
                }
                Ending::Failed(error)
            }
        };
        if held.is_brief {
            held.ended.store(now.number(), Ordering::Relaxed);
        }
        if let Some(watch) = fate.watch.take() {
            watch.end(held, fate.query, prepared, now, ending);
        }
        Ok(done?)
    }
}

/// Until it is known what became of the statement, dropping this notes that nobody waits for it any more.
struct Fate<'a> {
    held: &'a Held,
    query: &'a Query<'a>,
    watch: Option<Watch>,
    is_known: bool,
}

impl Drop for Fate<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.is_known {
            return;
        }
        self.held.slot().unsettle();
        if let Some(watch) = self.watch.take() {
            watch.end(self.held, self.query, None, Moment::now(), Ending::Abandoned);
        }
    }
}
