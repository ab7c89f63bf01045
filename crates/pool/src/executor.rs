//! Statements as callers run them: on a pool, a session, a transaction, and what stands for one of them.

use std::panic::Location;

use pgkeel_connect::{EncodedParams, Executor, TypedParam};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::query::Query;
use crate::{Error, Pool, RequestTx, Retrying, Session, SessionTx, SharedReads, Tx};

/// Each type has `run`, for one statement, and `run_text`, for several without parameters. The place of the call is noted
/// before the future is made, which may be awaited elsewhere.
macro_rules! run_on {
    ($($(#[$doc:meta])* $what:ty),+ $(,)?) => {$(
        $(#[$doc])*
        impl Executor for $what {
            type Error = Error;

            #[track_caller]
            fn query(
                &self,
                sql: &str,
                params: &[&(dyn ToSql + Sync)],
            ) -> impl Future<Output = Result<Vec<Row>, Error>> + Send {
                let site = Some(Location::caller());
                async move { self.run(Query::new(sql, params, site)).await }
            }

            #[track_caller]
            fn query_opt(
                &self,
                sql: &str,
                params: &[&(dyn ToSql + Sync)],
            ) -> impl Future<Output = Result<Option<Row>, Error>> + Send {
                let site = Some(Location::caller());
                async move { self.run(Query::new(sql, params, site)).await }
            }

            #[track_caller]
            fn query_one(
                &self,
                sql: &str,
                params: &[&(dyn ToSql + Sync)],
            ) -> impl Future<Output = Result<Row, Error>> + Send {
                let site = Some(Location::caller());
                async move { one(self.run(Query::new(sql, params, site)).await?) }
            }

            #[track_caller]
            fn execute(
                &self,
                sql: &str,
                params: &[&(dyn ToSql + Sync)],
            ) -> impl Future<Output = Result<u64, Error>> + Send {
                let site = Some(Location::caller());
                async move { self.run(Query::new(sql, params, site)).await }
            }

            #[track_caller]
            fn batch_execute(&self, sql: &str) -> impl Future<Output = Result<(), Error>> + Send {
                let site = Some(Location::caller());
                async move { self.run_text(Query::new(sql, &[], site)).await }
            }

            #[track_caller]
            fn query_typed(
                &self,
                sql: &str,
                params: &[TypedParam<'_>],
            ) -> impl Future<Output = Result<Vec<Row>, Error>> + Send {
                let site = Some(Location::caller());
                async move { self.run(Query::typed(sql, &EncodedParams::of(params)?, site)).await }
            }

            #[track_caller]
            fn query_opt_typed(
                &self,
                sql: &str,
                params: &[TypedParam<'_>],
            ) -> impl Future<Output = Result<Option<Row>, Error>> + Send {
                let site = Some(Location::caller());
                async move { self.run(Query::typed(sql, &EncodedParams::of(params)?, site)).await }
            }

            #[track_caller]
            fn query_one_typed(
                &self,
                sql: &str,
                params: &[TypedParam<'_>],
            ) -> impl Future<Output = Result<Row, Error>> + Send {
                let site = Some(Location::caller());
                async move { one(self.run(Query::typed(sql, &EncodedParams::of(params)?, site)).await?) }
            }

            #[track_caller]
            fn execute_typed(
                &self,
                sql: &str,
                params: &[TypedParam<'_>],
            ) -> impl Future<Output = Result<u64, Error>> + Send {
                let site = Some(Location::caller());
                async move { self.run(Query::typed(sql, &EncodedParams::of(params)?, site)).await }
            }
        }
    )+};
}

/// As the trait has it, in one future less.
fn one(row: Option<Row>) -> Result<Row, Error> {
    row.ok_or_else(|| pgkeel_connect::Error::RowCount { expected: "one row", found: 0 }.into())
}

run_on! {
    /// Each statement on a session that is held for just that statement.
    Pool,
    Session,
    Tx,
    SessionTx<'_>,
    RequestTx,
    /// # Cancellation
    /// A statement whose future is dropped is cancelled once nothing else is under way on its session; until then those
    /// behind it wait for it.
    SharedReads,
    /// Each statement on a session that is held for just that statement; run again as the [table](Retrying) says.
    Retrying,
}
