//! Statements as callers run them: on a pool, a session, a transaction, and what stands for one of them.

use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use pgkeel_connect::{EncodedParams, Executor, TypedParam};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::gather::Gathered;
use crate::query::Query;
use crate::{Error, Pool, RequestTx, Retrying, Session, SessionTx, SharedReads, Tx};

/// What a statement is run on, where the place of the call is not that of the caller of these methods.
struct At<'a, T> {
    what: &'a T,
    site: &'static Location<'static>,
}

/// Of what has `run`, for one statement, and `run_text`, for several without parameters. The place of the call is noted before
/// the future is made, which may be awaited elsewhere.
macro_rules! methods {
    ($self:ident, $what:expr, $site:expr) => {
        #[track_caller]
        fn query(
            &$self,
            sql: &str,
            params: &[&(dyn ToSql + Sync)],
        ) -> impl Future<Output = Result<Vec<Row>, Error>> + Send {
            let (what, site) = ($what, Some($site));
            async move { what.run(Query::new(sql, params, site)).await }
        }

        #[track_caller]
        fn query_into<C: Default + Extend<Row> + Send>(
            &$self,
            sql: &str,
            params: &[&(dyn ToSql + Sync)],
        ) -> impl Future<Output = Result<C, Error>> + Send {
            let (what, site) = ($what, Some($site));
            async move {
                let rows = Mutex::new(C::default());
                what.run::<Gathered>(Query::new(sql, params, site).into(&rows)).await?;
                Ok(rows.into_inner().unwrap_or_else(PoisonError::into_inner))
            }
        }

        #[track_caller]
        fn query_opt(
            &$self,
            sql: &str,
            params: &[&(dyn ToSql + Sync)],
        ) -> impl Future<Output = Result<Option<Row>, Error>> + Send {
            let (what, site) = ($what, Some($site));
            async move { what.run(Query::new(sql, params, site)).await }
        }

        #[track_caller]
        fn query_one(
            &$self,
            sql: &str,
            params: &[&(dyn ToSql + Sync)],
        ) -> impl Future<Output = Result<Row, Error>> + Send {
            let (what, site) = ($what, Some($site));
            async move { one(what.run(Query::new(sql, params, site)).await?) }
        }

        #[track_caller]
        fn execute(
            &$self,
            sql: &str,
            params: &[&(dyn ToSql + Sync)],
        ) -> impl Future<Output = Result<u64, Error>> + Send {
            let (what, site) = ($what, Some($site));
            async move { what.run(Query::new(sql, params, site)).await }
        }

        #[track_caller]
        fn batch_execute(&$self, sql: &str) -> impl Future<Output = Result<(), Error>> + Send {
            let (what, site) = ($what, Some($site));
            async move { what.run_text(Query::new(sql, &[], site)).await }
        }

        #[track_caller]
        fn query_typed(
            &$self,
            sql: &str,
            params: &[TypedParam<'_>],
        ) -> impl Future<Output = Result<Vec<Row>, Error>> + Send {
            let (what, site) = ($what, Some($site));
            async move { what.run(Query::typed(sql, &EncodedParams::of(params)?, site)).await }
        }

        #[track_caller]
        fn query_typed_into<C: Default + Extend<Row> + Send>(
            &$self,
            sql: &str,
            params: &[TypedParam<'_>],
        ) -> impl Future<Output = Result<C, Error>> + Send {
            let (what, site) = ($what, Some($site));
            async move {
                let (rows, params) = (Mutex::new(C::default()), EncodedParams::of(params)?);
                what.run::<Gathered>(Query::typed(sql, &params, site).into(&rows)).await?;
                Ok(rows.into_inner().unwrap_or_else(PoisonError::into_inner))
            }
        }

        #[track_caller]
        fn query_opt_typed(
            &$self,
            sql: &str,
            params: &[TypedParam<'_>],
        ) -> impl Future<Output = Result<Option<Row>, Error>> + Send {
            let (what, site) = ($what, Some($site));
            async move { what.run(Query::typed(sql, &EncodedParams::of(params)?, site)).await }
        }

        #[track_caller]
        fn query_one_typed(
            &$self,
            sql: &str,
            params: &[TypedParam<'_>],
        ) -> impl Future<Output = Result<Row, Error>> + Send {
            let (what, site) = ($what, Some($site));
            async move { one(what.run(Query::typed(sql, &EncodedParams::of(params)?, site)).await?) }
        }

        #[track_caller]
        fn execute_typed(
            &$self,
            sql: &str,
            params: &[TypedParam<'_>],
        ) -> impl Future<Output = Result<u64, Error>> + Send {
            let (what, site) = ($what, Some($site));
            async move { what.run(Query::typed(sql, &EncodedParams::of(params)?, site)).await }
        }

        fn called_at(&$self, site: &'static Location<'static>) -> impl Executor<Error = Error> + Send {
            At { what: $what, site }
        }
    };
}

macro_rules! run_on {
    ($($(#[$doc:meta])* $what:ident $(<$lifetime:lifetime>)?),+ $(,)?) => {$(
        $(#[$doc])*
        impl $(<$lifetime>)? Executor for $what $(<$lifetime>)? {
            type Error = Error;

            methods!(self, self, Location::caller());
        }

        impl $(<$lifetime>)? Executor for At<'_, $what $(<$lifetime>)?> {
            type Error = Error;

            methods!(self, self.what, self.site);
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
    SessionTx<'s>,
    RequestTx,
    /// # Cancellation
    /// A statement whose future is dropped is cancelled once nothing else is under way on its session; until then those
    /// behind it wait for it.
    SharedReads,
    /// Each statement on a session that is held for just that statement; run again as the [table](Retrying) says.
    Retrying,
}
