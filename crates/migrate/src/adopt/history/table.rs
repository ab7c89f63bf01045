//! Finding and reading such a table.

use std::time::SystemTime;

use pgkeel_connect::Executor as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_postgres::Row;

use crate::adopt::Tool;
use crate::run::by_own_names;
use crate::run::session::Session;
use crate::{Error, Step};

/// A table that is there and has the columns of its tool.
#[derive(Debug, Clone)]
pub(in crate::adopt) struct Table {
    pub(in crate::adopt) tool: Tool,
    /// With its schema, quoted where that is needed.
    pub(in crate::adopt) name: String,
}

/// A row of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// Nothing for what has no version.
    pub(super) version: Option<String>,
    pub(super) applied_on: Option<SystemTime>,
    pub(super) checksum: Option<String>,
    pub(super) is_failed: bool,
    /// What Flyway says that it is.
    pub(super) kind: String,
}

/// Its columns, as the tool makes them, and a query for version, time, checksum, whether it failed, and kind.
///
/// refinery 0.10: `refinery_core/src/traits/mod.rs`; sqlx 0.9: `sqlx-postgres/src/migrate.rs`; diesel 2.3:
/// `diesel/src/migration/setup_migration_table.sql`; goose 3.27: `internal/dialects/postgres.go`, where one that was reverted is
/// deleted, or by older versions noted again with false, and 0 is noted when the table is made; golang-migrate 4.19:
/// `database/pgx/v5/pgx.go`, one row; dbmate 2.35: `pkg/driver/postgres/postgres.go`; Flyway 13: `PostgreSQLDatabase.java`.
/// Times without a zone are read as in the session's.
fn shape(tool: Tool) -> (&'static [&'static str], &'static str, &'static str) {
    match tool {
        Tool::Refinery => (
            &["version", "name", "applied_on", "checksum"],
            "version::text, applied_on, checksum, false, ''",
            "order by version",
        ),
        Tool::Sqlx => (
            &["version", "description", "installed_on", "success", "checksum", "execution_time"],
            "version::text, to_json(installed_on) #>> '{}', encode(checksum, 'hex'), not success, ''",
            "order by version",
        ),
        Tool::Diesel => (
            &["version", "run_on"],
            "version::text, to_json(run_on::timestamptz) #>> '{}', null, false, ''",
            "order by version",
        ),
        Tool::Goose => (
            &["id", "version_id", "is_applied", "tstamp"],
            "version_id::text, to_json(tstamp::timestamptz) #>> '{}', null, false, ''",
            "as it where is_applied and version_id <> 0 and not exists (
                select from TABLE as later where later.version_id = it.version_id and later.id > it.id) order by version_id",
        ),
        Tool::GolangMigrate => (&["version", "dirty"], "version::text, null, null, dirty, ''", ""),
        Tool::Dbmate => (&["version"], "version::text, null, null, false, ''", "order by version"),
        Tool::Flyway => (
            &["installed_rank", "version", "description", "type", "script", "checksum", "installed_on", "success"],
            "version::text, to_json(installed_on::timestamptz) #>> '{}', checksum::text, not success, type::text",
            "order by installed_rank",
        ),
    }
}

/// The tool's table under the name that it usually has, or under another.
pub(in crate::adopt) async fn find(
    session: &Session,
    tool: Tool,
    name: Option<&str>,
) -> Result<Table, Error> {
    let name = name.unwrap_or(tool.table());
    let Some(table) = look(session, name).await? else {
        return Err(Error::NoToolTable { tool, table: name.to_owned() });
    };
    let has = |column: &str| table.1.iter().any(|there| there == column);
    let missing = shape(tool).0.iter().find(|column| !has(column)).map(|column| (*column, false));
    // Both have a table of this name with a version in it.
    let foreign = (tool == Tool::Dbmate && has("dirty")).then_some(("dirty", true));
    match missing.or(foreign) {
        None => Ok(Table { tool, name: table.0 }),
        Some((column, is_there)) => Err(Error::OtherTable { tool, table: table.0, column, is_there }),
    }
}

/// The tables of any tool that are there under their usual names.
pub(crate) async fn tables_of_tools(session: &Session) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for tool in Tool::ALL {
        let table = look(session, tool.table()).await?;
        let is_it =
            |columns: &[String]| shape(tool).0.iter().all(|column| columns.iter().any(|it| it == column));
        found.extend(
            table.filter(|(name, columns)| is_it(columns) && !found.contains(name)).map(|(name, _)| name),
        );
    }
    Ok(found)
}

/// Its name with its schema, and its columns.
async fn look(session: &Session, name: &str) -> Result<Option<(String, Vec<String>)>, Error> {
    // Ours is under another schema, which may be on the search path.
    let sql = "select pg_catalog.format('%I.%I', nspname, relname), array(
                   select attname::pg_catalog.text from pg_catalog.pg_attribute where attrelid operator(pg_catalog.=) c.oid
                       and attnum operator(pg_catalog.>) 0 and not attisdropped)
                 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) relnamespace
                where c.oid operator(pg_catalog.=) pg_catalog.to_regclass($1)
                  and pg_catalog.format('%I.%I', nspname, relname) operator(pg_catalog.<>) $2";
    let ours = session.home.tables().history.sql();
    let found = session.step(Step::ReadHistory, session.query_opt(sql, &[&name, &ours])).await?;
    let read = |row: Row| Ok((row.try_get(0)?, row.try_get(1)?));
    found.map(read).transpose().map_err(unreadable)
}

fn unreadable(source: tokio_postgres::Error) -> Error {
    let source = pgkeel_connect::Error::Decode { column: 0, source };
    Error::Database { step: Step::ReadHistory, source }
}

impl Table {
    /// All its rows, in the order in which the tool reads them.
    pub(super) async fn rows(&self, session: &Session) -> Result<Vec<Record>, Error> {
        let (_, columns, rest) = shape(self.tool);
        let sql = format!("select {columns} from {} {}", self.name, rest.replace("TABLE", &self.name));
        // sql: the table was found in the catalog, and quoted there
        let asked = by_own_names(&session.connection, session.query(&sql, &[]));
        let rows = session.step(Step::ReadHistory, asked).await?;
        let read = |row: &Row| {
            let on: Option<String> = row.try_get(1)?;
            let on = on.and_then(|on| OffsetDateTime::parse(&on, &Rfc3339).ok());
            Ok(Record {
                version: row.try_get(0)?,
                applied_on: on.map(SystemTime::from),
                checksum: row.try_get(2)?,
                is_failed: row.try_get(3)?,
                kind: row.try_get(4)?,
            })
        };
        rows.iter().map(read).collect::<Result<_, _>>().map_err(unreadable)
    }
}
