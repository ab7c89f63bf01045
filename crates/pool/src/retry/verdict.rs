//! Whether something that failed has certainly had no effect and may work another time.
//!
//! How far it had come matters more than the code: the same lost connection is harmless before COMMIT and may be a success
//! after it. A transaction says so by its error: [`Error::Statement`] only if COMMIT was not sent, or was refused.

use pgkeel_connect::{CloseReason, Error as Refusal, ServerError, SqlClass};
use tokio_postgres::error::SqlState;

use super::RetryPolicy;
use crate::Error;

/// Whether a session may be had another time: nothing was sent. Not from a pool that is closed, nor from one where too
/// many wait already.
pub(super) fn may_get_session(error: &Error) -> bool {
    match error {
        Error::Connect { source, .. } => source.is_safe_to_retry(),
        Error::AcquireTimeout { .. } => true,
        _ => false,
    }
}

/// Whether a transaction that ended in this error may be run again from its beginning.
pub(super) fn may_rerun(error: &Error, policy: &RetryPolicy) -> bool {
    match error {
        Error::Statement(refusal) => is_lost(refusal) || was_refused(refusal, policy),
        Error::Aborted { first: Some(first) } => is_passing(first, policy),
        Error::NotCommitted { .. } => true,
        other => may_get_session(other),
    }
}

/// Whether a statement outside of a transaction may be run again. If the connection was lost it may have been carried out.
pub(super) fn may_repeat(error: &Error, policy: &RetryPolicy, is_idempotent: bool) -> bool {
    match error {
        Error::Statement(refusal) => may_repeat_statement(refusal, policy, is_idempotent),
        Error::RowsUnreadable { .. } => is_idempotent,
        other => may_get_session(other),
    }
}

/// Whether work of several steps may be run again from its beginning, of which running it twice is as good as once.
pub(super) fn may_run_whole_again(error: &Error, policy: &RetryPolicy) -> bool {
    match error {
        Error::InBatch { source: refusal, .. }
        | Error::CopyRefused { source: refusal, .. }
        | Error::NotBegun { source: refusal } => may_repeat_statement(refusal, policy, true),
        Error::CommitUnknown { .. } => true,
        other => may_repeat(other, policy, true) || may_rerun(other, policy),
    }
}

fn may_repeat_statement(refusal: &Refusal, policy: &RetryPolicy, is_idempotent: bool) -> bool {
    was_refused(refusal, policy) || (is_idempotent && (is_lost(refusal) || is_in_doubt(refusal)))
}

fn was_refused(refusal: &Refusal, policy: &RetryPolicy) -> bool {
    matches!(refusal, Refusal::Server(server) if !server.is_fatal() && is_passing(server, policy))
}

/// Whether the connection is over in a way that another one may be spared.
fn is_lost(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Server(last) => last.is_fatal() && spares_others(last),
        Refusal::Closed { reason: Some(CloseReason::Server(last)) } => spares_others(last),
        Refusal::Closed { .. } | Refusal::Unanswered { .. } => true,
        _ => false,
    }
}

/// Not: what this session has done to itself, such as a transaction that took too long (25P04), nor a database that is
/// gone (57P04).
fn spares_others(last: &ServerError) -> bool {
    const IDLE_IN_TRANSACTION_SESSION_TIMEOUT: &str = "25P03";
    const IDLE_SESSION_TIMEOUT: &str = "57P05";
    let ended = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW];
    last.class() == SqlClass::Connection
        || ended.contains(last.code())
        || [IDLE_IN_TRANSACTION_SESSION_TIMEOUT, IDLE_SESSION_TIMEOUT].contains(&last.code().code())
}

/// Engines that are not PostgreSQL say so in words.
fn is_in_doubt(refusal: &Refusal) -> bool {
    let codes = [SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN, SqlState::TRANSACTION_RESOLUTION_UNKNOWN];
    refusal.code().is_some_and(|code| codes.contains(code))
}

/// Whether the server refused for a reason that passes, having undone everything.
fn is_passing(server: &ServerError, policy: &RetryPolicy) -> bool {
    pgkeel_connect::rolls_back_cleanly(server.code())
        || (policy.lock_timeouts && *server.code() == SqlState::LOCK_NOT_AVAILABLE)
        || is_stale(server)
}

/// Whether a prepared statement did not fit any more and nothing was run: the session has forgotten it by now.
fn is_stale(server: &ServerError) -> bool {
    matches!(server.routine(), Some("RevalidateCachedQuery" | "FetchPreparedStatement"))
        || *server.code() == SqlState::DUPLICATE_PSTATEMENT
}
