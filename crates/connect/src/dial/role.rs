//! Whether a server is of the kind that `target_session_attrs` asks for.
//!
//! The rules are those of libpq: PostgreSQL documentation, "Database Connection Control Functions",
//! `target_session_attrs`. Servers from 14 on say at start-up whether they are a standby; older ones are asked.

use tokio_postgres::SimpleQueryMessage;

use super::attempt::Attempt;
use crate::{Connection, DialStep, Error, TargetSession};

/// The fault that the server has for this target.
pub(super) async fn check(
    connection: &Connection,
    attempt: &Attempt<'_>,
    wanted: TargetSession,
) -> Result<(), Error> {
    let found = match wanted {
        TargetSession::Any => None,
        TargetSession::ReadWrite => {
            is_read_only(connection, attempt).await?.then_some("gives read-only sessions")
        }
        TargetSession::ReadOnly => {
            (!is_read_only(connection, attempt).await?).then_some("gives sessions that can write")
        }
        TargetSession::Primary => is_standby(connection, attempt).await?.then_some("is a standby"),
        TargetSession::Standby | TargetSession::PreferStandby => {
            (!is_standby(connection, attempt).await?).then_some("is no standby")
        }
    };
    match found {
        None => Ok(()),
        Some(found) => Err(Error::WrongServer { host: attempt.host.to_string(), found, wanted }),
    }
}

async fn is_standby(connection: &Connection, attempt: &Attempt<'_>) -> Result<bool, Error> {
    match said(connection, "in_hot_standby") {
        Some(yes) => Ok(yes),
        None => ask(connection, attempt, "select pg_catalog.pg_is_in_recovery()").await,
    }
}

/// A standby is read-only, and so is a server whose transactions are by default.
async fn is_read_only(connection: &Connection, attempt: &Attempt<'_>) -> Result<bool, Error> {
    match (said(connection, "in_hot_standby"), said(connection, "default_transaction_read_only")) {
        (Some(standby), Some(read_only)) => Ok(standby || read_only),
        _ => ask(connection, attempt, "show transaction_read_only").await,
    }
}

fn said(connection: &Connection, parameter: &str) -> Option<bool> {
    connection.parameter(parameter).map(|value| value == "on")
}

async fn ask(connection: &Connection, attempt: &Attempt<'_>, sql: &str) -> Result<bool, Error> {
    let answer = attempt.step(DialStep::Role, connection.client().simple_query(sql)).await?;
    let value = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(matches!(value, Some("on" | "t")))
}
