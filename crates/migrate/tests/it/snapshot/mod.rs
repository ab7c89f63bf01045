//! What a snapshot sees, and what it does not.

mod cases;
mod catalogs;
mod changes;
mod concurrency;
mod kinds;
mod same;
mod shuffled;
mod size;

use pgkeel_connect::{Connection, Executor as _};
use pgkeel_migrate::{Aspect, Differences, Scope, Snapshot};
use pgkeel_testkit::TestDatabase;

pub(crate) use self::cases::{Case, cases};
pub(crate) use self::kinds::KINDS;
pub(crate) use self::shuffled::EVERYTHING;

/// A session in a database that has everything.
pub(crate) async fn everything() -> (TestDatabase, Connection) {
    let fill = async |connection: &Connection| connection.batch_execute(EVERYTHING).await.unwrap();
    let database = TestDatabase::migrated("everything", fill).await;
    let connection = database.connection().await;
    (database, connection)
}

/// All there is to see.
pub(crate) fn all() -> Scope {
    Scope::default().with(Aspect::Owners).with(Aspect::Population).with(Aspect::Tablespaces)
}

pub(crate) async fn snapshot(connection: &Connection) -> Snapshot {
    Snapshot::take(connection, &all()).await.unwrap()
}

/// The differences in a line each: the object, and in what it is another.
pub(crate) fn told(differences: &Differences) -> Vec<String> {
    let line = |difference: &pgkeel_migrate::Difference| match difference {
        pgkeel_migrate::Difference::Missing { object } => format!("{object}: missing"),
        pgkeel_migrate::Difference::Extra { object } => format!("{object}: extra"),
        other => format!("{}: {}", other.object(), other.attribute().unwrap_or_default()),
    };
    differences.iter().map(line).collect()
}

pub(crate) async fn major(connection: &Connection) -> u32 {
    let number: i32 =
        connection.query_scalar("select current_setting('server_version_num')::int4", &[]).await.unwrap();
    number.unsigned_abs() / 10_000
}
