//! The facts beside what plain SQL says, on a real PostgreSQL.

mod facts;
mod locks;
mod privileges;
mod statements;
mod tables;

use pgkeel_catalog::{Capabilities, Limits, opening};
use pgkeel_connect::{Connection, Executor as _};
use pgkeel_testkit::TestDatabase;

/// A session in an open sample, as the callers of this crate have it, and what it is allowed.
pub(crate) struct Sample {
    pub(crate) connection: Connection,
    pub(crate) capabilities: Capabilities,
}

impl Sample {
    pub(crate) async fn of(database: &TestDatabase) -> Self {
        Self::over(database.connection().await).await
    }

    pub(crate) async fn over(connection: Connection) -> Self {
        connection.batch_execute(&opening(Limits::default())).await.expect("a sample opens");
        let capabilities = Capabilities::read(&connection).await.expect("every server tells");
        Self { connection, capabilities }
    }
}

/// A session of a role that owns nothing and was granted nothing. Roles belong to the whole server, so each is named
/// after its database.
pub(crate) async fn plain_role(database: &TestDatabase) -> (Connection, String) {
    let connection = database.connection().await;
    let role = format!("plain_{}", database.address().database());
    let sql = format!("create role {role}; set session authorization {role}");
    connection.batch_execute(&sql).await.expect("a superuser may");
    (connection, role)
}
