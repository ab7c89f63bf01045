//! What the server remarks beside its answers, as events of `tracing` under the target `pgkeel_connect::notice`.
//!
//! Only severity, code and the server's function are told: the text may quote values, and what PL/pgSQL raises is the
//! application's own. A warning is one for the operator as well; all else is of interest to who looks for it.

use tokio_postgres::error::{DbError, Severity};

pub(crate) fn log(notice: &DbError) {
    let (code, routine) = (notice.code().code(), notice.routine());
    match notice.parsed_severity() {
        Some(Severity::Warning) => {
            tracing::warn!(severity = "WARNING", code, routine, "the server warned of something");
        }
        Some(severity @ (Severity::Debug | Severity::Log)) => {
            tracing::trace!(%severity, code, routine, "the server remarked something");
        }
        Some(severity) => tracing::debug!(%severity, code, routine, "the server noticed something"),
        // From before PostgreSQL 9.6: the word is in the server's language.
        None => tracing::debug!(severity = notice.severity(), code, routine, "the server noticed something"),
    }
}
