//! The table that says what was applied: refinery's own, in our schema.

use std::time::SystemTime;

use pgkeel_connect::Executor as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_postgres::Row;

use crate::session::Session;
use crate::{Applied, Error, Step};

/// Written with its schema, as a file may change the search path.
pub(crate) const TABLE: &str = "pgkeel.refinery_schema_history";

/// The columns that refinery gives it when versions are 64 bits wide.
const CREATE_TABLE: &str = "create table pgkeel.refinery_schema_history (
    version int8 primary key, name varchar(255), applied_on varchar(255), checksum varchar(255))";

/// What was applied, in the order of versions; nothing if there is no table yet.
pub(crate) async fn rows(session: &Session) -> Result<Vec<Applied>, Error> {
    let read = async {
        if !exists(session, "to_regclass", TABLE).await? {
            return Ok(Vec::new());
        }
        // A row that somebody emptied by hand is found when it is read, not here.
        let sql = format!(
            "select version::int8, coalesce(name, ''), coalesce(applied_on, ''), coalesce(checksum, '')
             from {TABLE} order by version"
        );
        session.connection.query(&sql, &[]).await
    };
    session.step(Step::ReadHistory, read).await?.iter().map(applied).collect()
}

/// Makes sure that the table is there. Only under the lock: two that create a table at once can both fail.
pub(crate) async fn ensure(session: &Session) -> Result<(), Error> {
    let create = async {
        if exists(session, "to_regclass", TABLE).await? {
            return Ok(());
        }
        // IF NOT EXISTS would ask for the right to create schemas even where there is nothing to create.
        if !exists(session, "to_regnamespace", "pgkeel").await? {
            session.connection.batch_execute("create schema pgkeel").await?;
        }
        session.connection.batch_execute(CREATE_TABLE).await
    };
    session.step(Step::MakeHistory, create).await
}

async fn exists(session: &Session, lookup: &str, name: &str) -> Result<bool, pgkeel_connect::Error> {
    session.connection.query_scalar(&format!("select {lookup}('{name}') is not null"), &[]).await
}

fn applied(row: &Row) -> Result<Applied, Error> {
    let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?));
    let (version, name, applied_on, checksum): (i64, String, String, String) = read()
        .map_err(|source| pgkeel_connect::Error::Decode { column: 0, source })
        .map_err(|source| Error::Database { step: Step::ReadHistory, source })?;
    let unreadable = |column| Error::History { version, column };
    let applied_on = OffsetDateTime::parse(&applied_on, &Rfc3339).map_err(|_| unreadable("applied_on"))?;
    let checksum = checksum.parse().map_err(|_| unreadable("checksum"))?;
    Ok(Applied { version, name, applied_on: SystemTime::from(applied_on), checksum })
}
