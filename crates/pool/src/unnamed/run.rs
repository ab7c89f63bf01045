use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join;
use pgkeel_connect::{Connection, EncodedParams, Error, Executor as _, TransactionStatus};
use tokio::sync::MutexGuard;
use tokio_postgres::Row;

use super::Unnamed;
use super::lookups::Lookups;
use super::shapes::{Shape, Shapes};
use crate::held::Held;
use crate::query::Query;

/// How long a statement waits for another one of its session that has a transaction of its own. It only takes long if
/// that one does, or if nobody polls it.
const TURN_TIMEOUT: Duration = Duration::from_mins(1);

/// How often a statement is carried out under newer types: they may change again between learning them and that.
const HEALS: usize = 3;

/// One statement on its way, and the transaction of its own that it may have. Dropped before that has ended, it is rolled
/// back behind whatever is under way.
pub(super) struct Run<'a> {
    pub(super) held: &'a Held,
    pub(super) unnamed: &'a Unnamed,
    sql: &'a str,
    pub(super) turn: Option<MutexGuard<'a, Lookups>>,
    /// Whether a transaction of its own was begun and not ended.
    open: bool,
    /// Whether the driver is asking for types: dropped meanwhile, nobody knows what it has prepared.
    pub(super) asks: bool,
    /// Why a statement that failed may have been carried out all the same.
    pub(super) doubt: Option<Doubt>,
}

/// What went wrong beside a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// The driver's asking for the types of its columns, once it was carried out.
    Asking,
    /// The BEGIN before it.
    Begin,
}

impl<'a> Run<'a> {
    pub(super) fn new(held: &'a Held, unnamed: &'a Unnamed, sql: &'a str) -> Self {
        Self { held, unnamed, sql, turn: None, open: false, asks: false, doubt: None }
    }

    pub(super) fn connection(&self) -> &'a Connection {
        self.held.connection()
    }

    pub(super) fn shapes(&self) -> &'a Shapes {
        &self.held.core.shapes
    }

    pub(super) async fn query(&mut self, query: &Query<'_>) -> Result<Vec<Row>, Error> {
        let kept = self.shapes().get(query).filter(|shape| self.unnamed.knows(shape));
        let mut shape = if let Some(kept) = kept { kept } else { self.learn(query).await? };
        for _ in 0..HEALS {
            let done = self.query_as(&shape, query).await;
            match self.newer(&shape, query, &done).await {
                Some(newer) => shape = newer,
                None => return done,
            }
        }
        self.query_as(&shape, query).await
    }

    pub(super) async fn execute(&mut self, query: &Query<'_>) -> Result<u64, Error> {
        if query.params.is_empty() {
            let typed = query.typed.map_or(Vec::new(), EncodedParams::typed);
            return self.send(self.connection().client().execute_typed(query.sql, &typed)).await;
        }
        let kept = self.shapes().get(query);
        let mut shape = if let Some(kept) = kept { kept } else { self.learn(query).await? };
        for _ in 0..HEALS {
            let done = self.execute_as(&shape, query).await;
            match self.newer(&shape, query, &done).await {
                Some(newer) => shape = newer,
                None => return done,
            }
        }
        self.execute_as(&shape, query).await
    }

    pub(super) async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
        self.send(self.connection().client().batch_execute(sql)).await
    }

    async fn execute_as(&self, shape: &Shape, query: &Query<'_>) -> Result<u64, Error> {
        let typed = shape.typed(query)?;
        self.send(self.connection().client().execute_typed(query.sql, &typed)).await
    }

    async fn query_as(&mut self, shape: &Shape, query: &Query<'_>) -> Result<Vec<Row>, Error> {
        self.doubt = None;
        let typed = shape.typed(query)?;
        let flight = self.connection().client().query_typed(query.sql, &typed);
        let joins = self.joins();
        let is_alone = shape.has_custom() && !joins;
        let done = if is_alone { self.in_own(flight).await } else { self.send(flight).await };
        if !is_alone && self.has_asked(shape, query, &done) {
            // The driver's statements are on a server session that nobody knows.
            self.held.invalidate();
            self.shapes().forget(query);
            self.doubt = (done.is_err() && !joins).then_some(Doubt::Asking);
        }
        done
    }

    /// The error as the caller is to see it, who must not take for undone what may have been carried out.
    pub(super) fn tell(&self, error: crate::Error) -> crate::Error {
        match (self.doubt, error) {
            (Some(Doubt::Asking), crate::Error::Statement(source)) => crate::Error::RowsUnreadable { source },
            (Some(Doubt::Begin), crate::Error::Statement(source)) => crate::Error::NotBegun { source },
            (_, error) => error,
        }
    }

    /// Whether the user's transaction is open. Exact as long as nothing has failed.
    pub(super) fn joins(&self) -> bool {
        self.connection().transaction_status() != TransactionStatus::Idle && !self.unnamed.is_own()
    }

    /// Sends what is no transaction of our own, and waits for the answer. In the user's transaction there is none of ours.
    async fn send<T>(
        &self,
        flight: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        let mut flight = pin!(flight);
        let turn = if self.joins() { None } else { Some(self.turn().await?) };
        let first = poll_fn(|cx| Poll::Ready(flight.as_mut().poll(cx))).await;
        drop(turn); // It was sent with the first poll.
        let done = match first {
            Poll::Ready(done) => done,
            Poll::Pending => flight.await,
        };
        done.map_err(|error| self.connection().explain(error.into()))
    }

    pub(super) async fn turn(&self) -> Result<MutexGuard<'a, Lookups>, Error> {
        if let Ok(turn) = self.unnamed.turn.try_lock() {
            return Ok(turn);
        }
        let turn = tokio::time::timeout(TURN_TIMEOUT, self.unnamed.turn.lock()).await;
        let what = "another statement of the session, which has to end first";
        turn.map_err(|_| Error::Unanswered { what: what.into(), waited: TURN_TIMEOUT })
    }

    /// Runs a statement between BEGIN and COMMIT. BEGIN is not waited for.
    async fn in_own<T>(
        &mut self,
        flight: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        self.turn = Some(self.turn().await?);
        self.begin();
        let (begun, done) = join(self.connection().client().batch_execute("BEGIN"), flight).await;
        let refused = begun.is_err();
        match begun.and(done) {
            Ok(value) => self.end("COMMIT").await.map(|()| value),
            Err(error) => {
                let error = self.connection().explain(error.into());
                self.doubt = (refused && !error.is_disconnected()).then_some(Doubt::Begin);
                let _ = self.end("ROLLBACK").await;
                Err(error)
            }
        }
    }

    pub(super) fn begin(&mut self) {
        self.open = true;
        self.unnamed.set_own(true);
    }

    /// Ends the transaction; it is over whatever the server makes of that.
    pub(super) async fn end(&mut self, sql: &str) -> Result<(), Error> {
        let ended = if sql.is_empty() { Ok(()) } else { self.connection().batch_execute(sql).await };
        if std::mem::take(&mut self.open) {
            self.unnamed.set_own(false);
        }
        self.turn = None;
        ended.map_err(|error| self.connection().explain(error))
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if self.asks {
            self.held.invalidate();
        }
        if self.open {
            self.unnamed.set_own(false);
            let unmake = |lookups: &MutexGuard<'_, Lookups>| {
                if self.asks { lookups.unmake_with(self.sql, self.held.is_brief) } else { lookups.unmake() }
            };
            let unmake = self.turn.as_ref().map_or(String::new(), unmake);
            self.held.send(&format!("ROLLBACK;{unmake}"));
            self.held.slot().traffic.guard(false); // From here on it is rolled back, whatever is cancelled.
        }
    }
}
