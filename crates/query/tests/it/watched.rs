//! An executor that looks on: how many statements were sent, and how many pages of the server's memory each took.

use std::sync::Mutex;

use pgkeel_query::Executor;
use pgkeel_query::connect::{Connection, Error, TypedParam};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// Explains each query before it is run.
pub(crate) struct Watched<'c> {
    pub(crate) connection: &'c Connection,
    plans: Mutex<Vec<Value>>,
}

impl<'c> Watched<'c> {
    pub(crate) fn of(connection: &'c Connection) -> Self {
        Self { connection, plans: Mutex::default() }
    }

    /// How many buffers the statements took that were run since.
    pub(crate) fn buffers(&self) -> u64 {
        let number = |plan: &Value, key: &str| plan[0]["Plan"][key].as_u64().unwrap();
        let plans = std::mem::take(&mut *self.plans.lock().unwrap());
        plans.iter().map(|plan| number(plan, "Shared Hit Blocks") + number(plan, "Shared Read Blocks")).sum()
    }
}

impl Executor for Watched<'_> {
    type Error = Error;

    async fn query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        let explain = format!("explain (analyze, buffers, format json) {sql}");
        let plan = self.connection.query_scalar(&explain, params).await?;
        self.plans.lock().unwrap().push(plan);
        self.connection.query(sql, params).await
    }

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        self.connection.execute(sql, params).await
    }

    async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
        self.connection.batch_execute(sql).await
    }

    async fn query_typed(&self, sql: &str, params: &[TypedParam<'_>]) -> Result<Vec<Row>, Error> {
        self.connection.query_typed(sql, params).await
    }

    async fn execute_typed(&self, sql: &str, params: &[TypedParam<'_>]) -> Result<u64, Error> {
        self.connection.execute_typed(sql, params).await
    }
}

/// Where nothing may be sent to.
pub(crate) struct Nowhere;

impl Executor for Nowhere {
    type Error = Error;

    async fn query(&self, sql: &str, _: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        panic!("sent: {sql}")
    }

    async fn execute(&self, sql: &str, _: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        panic!("sent: {sql}")
    }

    async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
        panic!("sent: {sql}")
    }

    async fn query_typed(&self, sql: &str, _: &[TypedParam<'_>]) -> Result<Vec<Row>, Error> {
        panic!("sent: {sql}")
    }

    async fn execute_typed(&self, sql: &str, _: &[TypedParam<'_>]) -> Result<u64, Error> {
        panic!("sent: {sql}")
    }
}
