//! The databases of the server, as seen from the one that its address names.

use pgkeel_connect::Ident;
use tokio_postgres::error::SqlState;

use crate::mark::{Contents, Mark, UNFINISHED};
use crate::session::{ANSWER, Session, WORK, column};
use crate::{Error, Step};

/// A database cannot be created with a comment. Until it has one it is known by this limit of connections, as nobody
/// may connect to it meanwhile anyway.
const NO_COMMENT_YET: i32 = 20_250_203;

/// What a database says of its maker; `None` if there is no such database.
pub(crate) async fn mark(session: &Session, name: &Ident) -> Result<Option<Mark>, Error> {
    let sql = format!(
        "select coalesce(shobj_description(oid, 'pg_database'), ''), datconnlimit = {NO_COMMENT_YET} and not datallowconn
         from pg_database where datname = $1"
    );
    let rows = session.query(Step::Look, &sql, &[&name.name()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (comment, is_new): (String, bool) = (column(Step::Look, row, 0)?, column(Step::Look, row, 1)?);
    Ok(Some(if is_new { Mark::Unfinished } else { Mark::read(&comment) }))
}

/// An empty database that is marked as not whole, at every moment of its life.
///
/// From `template0`, as what somebody has put into `template1` may have the names of our tables. With a search path of its
/// own, as the usual one begins with the schema that is called as the user, and the history of migrations is in one that
/// is called `pgkeel`, as is the user of a private server.
pub(crate) async fn create(session: &Session, name: &Ident, user: &str) -> Result<(), Error> {
    let sql = format!(
        "create database {name} template template0 allow_connections false connection limit {NO_COMMENT_YET}"
    );
    session.run(Step::Create, WORK, &sql).await.map_err(|error| refused(error, user))?;
    let sql = format!(
        "comment on database {name} is {}; alter role current_user in database {name} set search_path = public;
         alter database {name} allow_connections true connection limit -1",
        quoted(UNFINISHED)
    );
    session.run(Step::Create, ANSWER, &sql).await
}

fn refused(error: Error, user: &str) -> Error {
    match (error, Ident::new(user.to_owned())) {
        (Error::Database { source, .. }, Ok(user))
            if source.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) =>
        {
            Error::MayNotCreate { user, source }
        }
        (error, _) => error,
    }
}

/// Ends the sessions in it and drops it.
pub(crate) async fn drop(session: &Session, name: &Ident) -> Result<(), Error> {
    session.run(Step::Drop, WORK, &format!("drop database if exists {name} with (force)")).await
}

/// In one transaction: says what is in the database, and gives it its name. Until then it is not whole, afterwards it is.
pub(crate) async fn finish(
    session: &Session,
    unfinished: &Ident,
    name: &Ident,
    contents: &Contents,
) -> Result<(), Error> {
    let sql = format!(
        "comment on database {unfinished} is {}; alter database {unfinished} rename to {name}",
        quoted(&contents.comment())
    );
    // What was written without waiting for the disk is on it once this is.
    session.run(Step::Name, ANSWER, "set synchronous_commit = on").await?;
    session.run(Step::Name, ANSWER, &sql).await
}

/// As a literal: these statements take no parameters.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
