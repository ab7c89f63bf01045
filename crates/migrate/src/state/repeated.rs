//! The table that says which text of each repeatable was applied last.

use std::time::SystemTime;

use pgkeel_connect::Executor as _;
use tokio_postgres::Row;

use super::log::Literal;
use super::{Home, history};
use crate::run::session::Session;
use crate::{Error, Migration, Migrations, Step};

fn create_table(home: &Home) -> String {
    format!(
        "create table {} (
    name text primary key, sha256 text not null, applied_at timestamptz not null)",
        home.tables().repeatable
    )
}

/// A repeatable that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repeated {
    /// Its name.
    pub name: String,
    /// When its transaction began, by the server's clock.
    pub applied_at: SystemTime,
    /// Of the text that was applied last, in hexadecimal digits.
    pub sha256: String,
}

impl Repeated {
    /// The name that its file would have.
    #[must_use]
    pub fn file(&self) -> String {
        format!("R__{}.sql", self.name)
    }

    /// Whether this is the text that was applied last.
    pub(crate) fn is(&self, file: &Migration) -> bool {
        self.name == file.name() && self.sha256 == file.up().sha256().to_string()
    }
}

/// What was applied, by name; nothing where there is no such table. Who may not read it can do without as long as there
/// are no repeatables among the files; else each of them would seem to be due.
pub(crate) async fn rows(session: &Session, migrations: &Migrations) -> Result<Vec<Repeated>, Error> {
    let home = &session.home;
    let table = &home.tables().repeatable;
    let is_there = format!("pg_catalog.to_regclass({})", Literal(table.sql()));
    let is_needed = migrations.repeatables().next().is_some();
    let read = async {
        let wanted = if is_needed {
            format!("select {is_there} is not null")
        } else {
            format!(
                "select coalesce(pg_catalog.has_table_privilege({is_there}::pg_catalog.oid, 'select'), false)"
            )
        };
        // sql: the table is quoted as a literal
        if !session.query_scalar(&wanted, &[]).await? {
            return Ok(Vec::new());
        }
        let sql = format!("{} order by name collate pg_catalog.\"C\"", select(home));
        // sql: the table is quoted, as a name and as a literal
        session.query(&sql, &[]).await
    };
    let rows = session.step(Step::ReadHistory, read).await?;
    let decoded: Result<_, tokio_postgres::Error> = rows.iter().map(repeated).collect();
    let decoded = decoded.map_err(|source| pgkeel_connect::Error::Decode { column: 0, source });
    decoded.map_err(|source| Error::Database { step: Step::ReadHistory, source })
}

pub(super) fn select(home: &Home) -> String {
    format!("select name, applied_at, sha256 from {}", home.tables().repeatable)
}

pub(super) fn repeated(row: &Row) -> Result<Repeated, tokio_postgres::Error> {
    Ok(Repeated { name: row.try_get(0)?, applied_at: row.try_get(1)?, sha256: row.try_get(2)? })
}

/// Makes sure that the table is there. Only under the lock, and only for whom it is needed, as it takes a right.
pub(crate) async fn ensure(session: &Session) -> Result<(), Error> {
    match missing(session).await? {
        Some(create) => {
            let create = format!("{};\n{create}", history::MEANT);
            // sql: the table's name is quoted
            session.step(Step::MakeHistory, session.connection.batch_execute(&create)).await
        }
        None => Ok(()),
    }
}

/// The statement that makes the table, where it is not there.
pub(crate) async fn missing(session: &Session) -> Result<Option<String>, Error> {
    let look = history::exists(session, "to_regclass", session.home.tables().repeatable.sql());
    let is_there = session.step(Step::MakeHistory, look).await?;
    Ok((!is_there).then(|| create_table(&session.home)))
}

/// The statement that says that this text is applied.
pub(crate) fn remember(home: &Home, file: &Migration) -> String {
    format!(
        "insert into {} (name, sha256, applied_at) values ('{}', '{}', pg_catalog.now()) \
         on conflict (name) do update set sha256 = excluded.sha256, applied_at = excluded.applied_at",
        home.tables().repeatable,
        file.name(),
        file.up().sha256()
    )
}

/// The statement after which all are due again.
pub(crate) fn forget(home: &Home) -> String {
    format!("delete from {}", home.tables().repeatable)
}
