//! Statements without a name, for a pooler in transaction mode, where the server session of a statement is not that of the
//! one before.
//!
//! A statement goes out in one flight (parse, bind, execute), with the types of its parameters, which [`shapes`] keeps for
//! the whole pool. [`learn`] asks for them in a transaction of its own, which holds on to one server session.
//!
//! The columns' types the driver asks for by itself, if it does not know them, when the first row comes: too late, as the
//! statement is done by then and its server session gone. So they are learned before as well ([`lookups`]); and as they
//! may change between that and this, such a statement is carried out in a transaction of its own: if the driver asks
//! after all, it fails, and is rolled back and run again under the new types.

mod run;
mod learn;
mod shapes;
mod lookups;
mod refusal;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_postgres::Row;
use tokio_postgres::types::Oid;

pub(crate) use self::learn::is_of_asking;
use self::lookups::Lookups;
use self::run::Run;
use self::shapes::Shape;
pub(crate) use self::shapes::Shapes;
use crate::held::Held;
use crate::query::Query;
use crate::{Error, PoolerMode};

/// What is remembered of one connection.
#[derive(Debug, Default)]
pub(crate) struct Unnamed {
    /// Who has it may send. A transaction of our own has it from its begin to its end, so that no other statement of the
    /// same session gets into it and is rolled back with it.
    turn: tokio::sync::Mutex<Lookups>,
    /// Whether the transaction that is open is our own, and not the user's.
    own: AtomicBool,
    /// The types that its driver has asked for.
    known: Mutex<HashSet<Oid>>,
}

impl Unnamed {
    pub(crate) fn of(mode: PoolerMode) -> Option<Self> {
        (mode == PoolerMode::Transaction).then(Self::default)
    }

    pub(crate) async fn query(&self, held: &Held, query: Query<'_>) -> Result<Vec<Row>, Error> {
        refusal::check(query.sql)?;
        let mut run = Run::new(held, self, query.sql); // Dropped behind the future of the statement: then it rolls back.
        let done = held.watched(query, run.query(&query)).await;
        done.map_err(|error| run.tell(error))
    }

    pub(crate) async fn query_opt(&self, held: &Held, query: Query<'_>) -> Result<Option<Row>, Error> {
        let mut rows = self.query(held, query).await?;
        match rows.len() {
            0 | 1 => Ok(rows.pop()),
            found => Err(pgkeel_connect::Error::RowCount { expected: "at most one row", found }.into()),
        }
    }

    pub(crate) async fn execute(&self, held: &Held, query: Query<'_>) -> Result<u64, Error> {
        refusal::check(query.sql)?;
        let mut run = Run::new(held, self, query.sql);
        held.watched(query, run.execute(&query)).await
    }

    pub(crate) async fn batch_execute(&self, held: &Held, query: Query<'_>) -> Result<(), Error> {
        refusal::check_all(query.sql)?;
        let run = Run::new(held, self, query.sql);
        held.watched(query, run.batch_execute(query.sql)).await
    }

    fn is_own(&self) -> bool {
        self.own.load(Ordering::Acquire)
    }

    fn set_own(&self, own: bool) {
        self.own.store(own, Ordering::Release);
    }

    /// Whether the driver needs to ask for none of the columns' types.
    fn knows(&self, shape: &Shape) -> bool {
        let known = self.known();
        shape.custom().all(|oid| known.contains(&oid))
    }

    fn known(&self) -> MutexGuard<'_, HashSet<Oid>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
