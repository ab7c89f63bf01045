//! What statements give, and how one is run that gives it.

use pgkeel_connect::{Connection, EncodedParams, Error as StatementError};
use tokio_postgres::{Row, Statement};

use crate::Error;
use crate::held::Held;
use crate::query::Query;
use crate::unnamed::Unnamed;

/// What a statement, or several, give.
pub(crate) trait Counted: Send {
    /// How many rows it gave or touched.
    fn rows(&self) -> u64;
}

impl Counted for () {
    fn rows(&self) -> u64 {
        0
    }
}

/// What a single statement with parameters gives.
pub(crate) trait Outcome: Counted + Sized {
    /// Runs a prepared one.
    fn prepared(
        connection: &Connection,
        statement: &Statement,
        query: Query<'_>,
    ) -> impl Future<Output = Result<Self, StatementError>> + Send;

    /// Runs one whose parameters come with their types.
    fn typed(
        connection: &Connection,
        query: Query<'_>,
        params: &EncodedParams,
    ) -> impl Future<Output = Result<Self, StatementError>> + Send;

    /// Runs one behind a pooler in transaction mode.
    fn unnamed(
        unnamed: &Unnamed,
        held: &Held,
        query: Query<'_>,
    ) -> impl Future<Output = Result<Self, Error>> + Send;
}

impl Counted for Vec<Row> {
    fn rows(&self) -> u64 {
        self.len() as u64
    }
}

impl Outcome for Vec<Row> {
    fn prepared(
        connection: &Connection,
        statement: &Statement,
        query: Query<'_>,
    ) -> impl Future<Output = Result<Self, StatementError>> + Send {
        connection.query_prepared(statement, query.params)
    }

    fn typed(
        connection: &Connection,
        query: Query<'_>,
        params: &EncodedParams,
    ) -> impl Future<Output = Result<Self, StatementError>> + Send {
        connection.query_encoded(query.sql, params)
    }

    async fn unnamed(unnamed: &Unnamed, held: &Held, query: Query<'_>) -> Result<Self, Error> {
        unnamed.query(held, query).await
    }
}

impl Counted for Option<Row> {
    fn rows(&self) -> u64 {
        self.iter().len() as u64
    }
}

impl Outcome for Option<Row> {
    fn prepared(
        connection: &Connection,
        statement: &Statement,
        query: Query<'_>,
    ) -> impl Future<Output = Result<Self, StatementError>> + Send {
        connection.query_opt_prepared(statement, query.params)
    }

    fn typed(
        connection: &Connection,
        query: Query<'_>,
        params: &EncodedParams,
    ) -> impl Future<Output = Result<Self, StatementError>> + Send {
        connection.query_opt_encoded(query.sql, params)
    }

    async fn unnamed(unnamed: &Unnamed, held: &Held, query: Query<'_>) -> Result<Self, Error> {
        unnamed.query_opt(held, query).await
    }
}

impl Counted for u64 {
    fn rows(&self) -> u64 {
        *self
    }
}

impl Outcome for u64 {
    fn prepared(
        connection: &Connection,
        statement: &Statement,
        query: Query<'_>,
    ) -> impl Future<Output = Result<Self, StatementError>> + Send {
        connection.execute_prepared(statement, query.params)
    }

    fn typed(
        connection: &Connection,
        query: Query<'_>,
        params: &EncodedParams,
    ) -> impl Future<Output = Result<Self, StatementError>> + Send {
        connection.execute_encoded(query.sql, params)
    }

    async fn unnamed(unnamed: &Unnamed, held: &Held, query: Query<'_>) -> Result<Self, Error> {
        unnamed.execute(held, query).await
    }
}
