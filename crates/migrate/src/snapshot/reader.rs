//! Reading a schema sooner, with a statement that the server has planned before.

use std::pin::pin;

use futures_util::future::try_join3;
use futures_util::{TryFutureExt as _, TryStreamExt as _};
use pgkeel_connect::{Connection, Error, Executor as _};
use tokio_postgres::Statement;
use tokio_postgres::types::{ToSql, Type};

use super::statement::statement;
use super::take::{BEGIN, Read, SETTINGS, bounded, major_of, refused, snapshot};
use super::{Scope, Snapshot};
use crate::VerifyError;
use crate::state::Home;

/// It is not planned anew for its values, which say little.
const ONE_PLAN: &str = "set local plan_cache_mode = force_generic_plan";

const CLOSE: &str = "rollback";

fn open() -> String {
    format!("{BEGIN}; {SETTINGS}; {ONE_PLAN}")
}

/// Reads the schema of one database on a connection of its own, in half the time that it takes the server otherwise.
#[derive(Debug)]
pub(crate) struct Reader {
    connection: Connection,
    major: u32,
    statement: Statement,
}

impl Reader {
    /// Has the statement prepared and planned, and looks at no schema, so that it waits for nobody's locks and nobody for its.
    pub(crate) async fn prepare(connection: Connection) -> Result<Self, VerifyError> {
        let major = major_of(&connection).await?;
        // Under the settings under which it will run, as with others it would be planned anew.
        connection.batch_execute(&open()).await.map_err(refused)?;
        let prepared = connection.client().prepare_typed(&statement(major), &[Type::TEXT_ARRAY]).await;
        let statement = prepared.map_err(|error| refused(error.into()))?;
        connection.batch_execute(CLOSE).await.map_err(refused)?;
        let reader = Self { connection, major, statement };
        // No schema can be called so.
        reader.take(&Scope::bare().in_schema("")).await?;
        Ok(reader)
    }

    /// As [`Snapshot::take`]. If it fails the transaction is left open, so it is of no more use then.
    pub(crate) async fn take(&self, scope: &Scope) -> Result<Snapshot, VerifyError> {
        let open = open();
        let (open, close) = (self.connection.batch_execute(&open), self.connection.batch_execute(CLOSE));
        // In one flight, in this order.
        let read = try_join3(open, self.rows(scope), close).map_err(refused);
        let ((), rows, ()) = bounded(read).await?;
        snapshot(&Home::default(), scope, self.major, rows)
    }

    async fn rows(&self, scope: &Scope) -> Result<Read, Error> {
        let schemas = scope.schemas();
        let values: [&(dyn ToSql + Sync); 1] = [&schemas];
        let read = async {
            let mut rows = pin!(self.connection.client().query_raw(&self.statement, values).await?);
            let mut read = Read::default();
            while let Some(row) = rows.try_next().await? {
                read.extend([row]);
            }
            Ok(read)
        };
        read.await.map_err(|error: tokio_postgres::Error| self.connection.explain(error.into()))
    }
}
