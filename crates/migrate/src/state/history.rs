//! The table that says what was applied: refinery's own, in our schema.

use std::time::SystemTime;

use futures_util::future::try_join3;
use pgkeel_connect::{Error as ConnectError, Executor as _, TransactionStatus};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_postgres::Row;

use super::Home;
use super::home::Tables;
use super::log::{self, Literal};
use crate::run::session::Session;
use crate::{Applied, Error, Kind, Migration, Squashed, Step};

/// The columns that refinery gives it when versions are 64 bits wide.
fn create_table(home: &Home) -> String {
    format!(
        "create table {} (
    version int8 primary key, name varchar(255), applied_on varchar(255), checksum varchar(255))",
        home.tables().history
    )
}

async fn is_there(session: &Session) -> Result<bool, pgkeel_connect::Error> {
    exists(session, "to_regclass", session.home.tables().history.sql()).await
}

/// For statements in one message, which are one transaction.
pub(super) const MEANT: &str = "set local search_path = pg_catalog";

/// What was applied, in the order of versions; nothing if there is no table yet.
pub(crate) async fn rows(session: &Session) -> Result<Vec<Applied>, Error> {
    if !session.step(Step::ReadHistory, is_there(session)).await? {
        return refuse_other(session).await.map(|()| Vec::new());
    }
    all(session).await
}

/// As [`rows`], whatever histories of others there are.
pub(crate) async fn rows_of_ours(session: &Session) -> Result<Vec<Applied>, Error> {
    if session.step(Step::ReadHistory, is_there(session)).await? {
        all(session).await
    } else {
        Ok(Vec::new())
    }
}

async fn all(session: &Session) -> Result<Vec<Applied>, Error> {
    let read = async {
        let sql = format!("{} order by version", select(&session.home));
        // sql: the table's name is quoted
        session.query(&sql, &[]).await
    };
    session.step(Step::ReadHistory, read).await?.iter().map(applied).collect()
}

/// All rows, in any order. One that somebody emptied by hand is found when it is read, not here.
pub(super) fn select(home: &Home) -> String {
    format!(
        "select version::pg_catalog.int8, coalesce(name, ''), coalesce(applied_on, ''), coalesce(checksum, '')
             from {}",
        home.tables().history
    )
}

/// Whether there is anything that may hold data besides what is ours, the server's and of extensions; for a tenant in its own
/// schema.
pub(crate) async fn has_other_tables(session: &Session) -> Result<bool, Error> {
    let Tables { history, log, repeatable, snapshot, .. } = session.home.tables();
    let ours = [history, log, repeatable, snapshot].map(|table| Literal(&table.name).to_string()).join(", ");
    let schema = Literal(session.home.schema());
    let place = if session.home.is_of_tenant() {
        format!(
            "nspname operator(pg_catalog.=) {schema}
             and relname operator(pg_catalog.<>) all (array[{ours}]::pg_catalog.name[])"
        )
    } else {
        format!(
            "nspname operator(pg_catalog.<>) all (array['information_schema', {schema}]::pg_catalog.name[])
             and nspname operator(pg_catalog.!~) '^pg_'"
        )
    };
    let sql = format!(
        "select exists (select from pg_catalog.pg_class c
           join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) relnamespace
         where relkind operator(pg_catalog.=) any (array['r', 'p', 'm', 'f']::\"char\"[]) and {place}
           and not exists (select from pg_catalog.pg_depend
             where classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
               and objid operator(pg_catalog.=) c.oid and deptype operator(pg_catalog.=) 'e'))"
    );
    // sql: the schema is quoted as a literal
    session.step(Step::ReadHistory, session.query_scalar(&sql, &[])).await
}

/// Plain refinery keeps its history where new tables go, under the same name. To a library it is none of its concern.
async fn refuse_other(session: &Session) -> Result<(), Error> {
    if session.home.is_of_library() {
        return Ok(());
    }
    let table = if session.home.is_of_tenant() {
        format!("{}.{}", session.home.schema_sql(), Home::REFINERYS)
    } else {
        Home::REFINERYS.to_owned()
    };
    let sql = format!(
        "select pg_catalog.format('%I.%I', nspname, relname) from pg_catalog.pg_class c
           join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) relnamespace
         where c.oid operator(pg_catalog.=) pg_catalog.to_regclass({})::pg_catalog.oid",
        Literal(&table)
    );
    // sql: the table is quoted as a literal
    let found = session.query_opt(&sql, &[]);
    match session.step(Step::ReadHistory, found).await?.map(|row| row.try_get(0)) {
        Some(Ok(table)) => Err(Error::OtherHistory { table }),
        Some(Err(_)) | None => Ok(()),
    }
}

/// What is not there yet of the schema and its tables, as statements. IF NOT EXISTS would ask for the right to create
/// even where there is nothing to create.
pub(crate) async fn missing(session: &Session) -> Result<Vec<String>, Error> {
    let home = &session.home;
    let look = async {
        let mut missing = Vec::new();
        let schema = exists(session, "to_regnamespace", home.schema_sql());
        let log = exists(session, "to_regclass", home.tables().log.sql());
        let (schema, history, log) = try_join3(schema, is_there(session), log).await?;
        if home.is_made() && !schema {
            missing.push(format!("create schema {}", home.schema_sql()));
        }
        if !history {
            missing.push(create_table(home));
        }
        if !log {
            missing.push(log::create_table(home));
        } else if note(session).await? == (Note { is_missing: true, is_ours: true }) {
            missing.push(log::add_note(home));
        }
        Ok(missing)
    };
    session.step(Step::MakeHistory, look).await
}

/// Makes sure, in the transaction that is open, that there is a schema for files that run in one of their own.
pub(crate) async fn ensure_schema(session: &Session) -> Result<(), Error> {
    let schema = session.home.schema_sql();
    let look = exists(session, "to_regnamespace", schema);
    if !session.home.is_of_tenant()
        || !session.home.is_made()
        || session.step(Step::MakeHistory, look).await?
    {
        return Ok(());
    }
    let create = format!("create schema {schema}");
    // sql: the schema's name is quoted
    session.step(Step::MakeHistory, session.connection.batch_execute(&create)).await
}

/// Makes sure that the tables are there. Only under the lock: two that create a table at once can both fail.
pub(crate) async fn ensure(session: &Session) -> Result<(), Error> {
    match make_missing(session).await {
        Err(Error::Database { source, .. }) if lost_race(&source) && is_idle(session) => {
            make_missing(session).await
        }
        made => made,
    }
}

async fn make_missing(session: &Session) -> Result<(), Error> {
    let missing = missing(session).await?;
    if missing.is_empty() {
        return Ok(());
    }
    // sql: the tables' names are quoted
    session
        .step(
            Step::MakeHistory,
            session.connection.batch_execute(&format!("{MEANT};\n{}", missing.join(";\n"))),
        )
        .await
}

/// Whether another one has made the schema meanwhile: whoever has other tables in it has another lock.
fn lost_race(error: &ConnectError) -> bool {
    error.server().is_some_and(|server| match server.code().code() {
        "42P06" => true,
        "23505" => server.constraint() == Some("pg_namespace_nspname_index"),
        _ => false,
    })
}

fn is_idle(session: &Session) -> bool {
    session.connection.transaction_status() == TransactionStatus::Idle
}

/// As [`ensure`], with a place for what somebody has to say. Only for whom it is needed, as it takes more than rights to
/// write: the log has to be this role's.
pub(crate) async fn ensure_notes(session: &Session) -> Result<(), Error> {
    ensure(session).await?;
    if session.step(Step::MakeHistory, note(session)).await?.is_missing {
        // sql: the table's name is quoted
        session
            .step(
                Step::MakeHistory,
                session.connection.batch_execute(&format!("{MEANT};\n{}", log::add_note(&session.home))),
            )
            .await?;
    }
    Ok(())
}

/// Whether the log has a place for what there is to say.
pub(crate) async fn takes_notes(session: &Session) -> Result<bool, pgkeel_connect::Error> {
    Ok(!note(session).await?.is_missing)
}

/// What there is of the log's column for notes, which an older version did not make.
#[derive(PartialEq, Eq)]
struct Note {
    is_missing: bool,
    is_ours: bool,
}

async fn note(session: &Session) -> Result<Note, pgkeel_connect::Error> {
    let decode = |source| pgkeel_connect::Error::Decode { column: 0, source };
    let row = session.query_opt(&log::lacks_note(&session.home), &[]).await?;
    let Some(row) = row else { return Ok(Note { is_missing: false, is_ours: false }) };
    Ok(Note { is_missing: row.try_get(0).map_err(decode)?, is_ours: row.try_get(1).map_err(decode)? })
}

/// What the table has of a migration besides when it was applied, and as what type.
pub(crate) const COLUMNS: [(&str, &str); 3] = [("version", "int8"), ("name", "text"), ("checksum", "text")];

/// The same of one of them, in that order.
pub(crate) type Cells = [String; COLUMNS.len()];

/// What refinery writes of a migration.
pub(crate) fn cells(migration: &Migration) -> Cells {
    [migration.version().to_string(), migration.name().to_owned(), migration.checksum().to_string()]
}

/// When the transaction began, by the server's clock, as refinery writes it.
pub(crate) const NOW: &str =
    "pg_catalog.to_char(pg_catalog.now() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";

/// The statement that takes a version out of the history.
pub(crate) fn forget(home: &Home, version: i64) -> String {
    format!("delete from {} where version operator(pg_catalog.=) {version}", home.tables().history)
}

/// The statement that puts a migration into the history without running it, as of `on`, or of now by the server's clock;
/// of a checkpoint all that it takes the place of.
pub(crate) fn remember(home: &Home, migration: &Migration, on: Option<SystemTime>) -> String {
    put(home, &made_by(migration, SystemTime::UNIX_EPOCH), on)
}

/// The same of one that a checkpoint takes the place of.
pub(crate) fn remember_squashed(home: &Home, it: &Squashed, on: Option<SystemTime>) -> String {
    put(home, &[of_squashed(it, SystemTime::UNIX_EPOCH)], on)
}

fn put(home: &Home, rows: &[Applied], on: Option<SystemTime>) -> String {
    let on = on.and_then(|on| OffsetDateTime::from(on).format(&Rfc3339).ok());
    let on = on.map_or_else(|| NOW.to_owned(), |on| format!("'{on}'"));
    let row = |row: &Applied| format!("({}, '{}', {on}, '{}')", row.version, row.name, row.checksum);
    let rows: Vec<String> = rows.iter().map(row).collect();
    let table = &home.tables().history;
    format!("insert into {table} (version, name, applied_on, checksum) values {}", rows.join(", "))
}

/// The rows of a migration that is applied; of a checkpoint those of all that it takes the place of.
pub(crate) fn made_by(migration: &Migration, applied_on: SystemTime) -> Vec<Applied> {
    if migration.kind() == Kind::Checkpoint {
        return migration.squashes().iter().map(|it| of_squashed(it, applied_on)).collect();
    }
    let (version, name) = (migration.version(), migration.name().to_owned());
    vec![Applied { version, name, applied_on, checksum: migration.checksum() }]
}

fn of_squashed(it: &Squashed, applied_on: SystemTime) -> Applied {
    Applied { version: it.version, name: it.name.clone(), applied_on, checksum: it.checksum }
}

pub(crate) async fn exists(
    session: &Session,
    lookup: &str,
    name: &str,
) -> Result<bool, pgkeel_connect::Error> {
    // sql: the name is quoted as a literal
    session.query_scalar(&format!("select pg_catalog.{lookup}({}) is not null", Literal(name)), &[]).await
}

pub(super) fn applied(row: &Row) -> Result<Applied, Error> {
    let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?));
    let (version, name, applied_on, checksum): (i64, String, String, String) = read()
        .map_err(|source| pgkeel_connect::Error::Decode { column: 0, source })
        .map_err(|source| Error::Database { step: Step::ReadHistory, source })?;
    let unreadable = |column| Error::History { version, column };
    let applied_on = OffsetDateTime::parse(&applied_on, &Rfc3339).map_err(|_| unreadable("applied_on"))?;
    let checksum = checksum.parse().map_err(|_| unreadable("checksum"))?;
    Ok(Applied { version, name, applied_on: SystemTime::from(applied_on), checksum })
}
