//! Which server, and which history of it, a transaction's number belongs to.

use std::sync::Arc;

use pgkeel_connect::{Connection, Error};
use tokio_postgres::SimpleQueryMessage;

use crate::held::Held;
use crate::traces::first_word;

/// The cluster, its timeline, and the last time that it lost its memory: after a crash numbers that never reached the disk
/// are given out anew, and a promoted standby counts by itself.
///
/// Statistics are thrown away by crash recovery, which dates them anew, and survive an orderly restart; so their date
/// tells whether there was a crash. Somebody who resets them by hand only makes an outcome unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The cluster and its timeline.
    history: String,
    /// Since when there was no crash.
    since: String,
}

/// Fails on a standby, which has no timeline of its own.
const ASK: &str = "select (select system_identifier from pg_catalog.pg_control_system())::text || '/'
        || substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8),
    coalesce(extract(epoch from pg_catalog.pg_stat_get_bgwriter_stat_reset_time()), 0)::text";

impl Identity {
    /// Asks the server, outside of a transaction, as a refusal must harm nothing. `None` if it does not say.
    pub(super) async fn ask(connection: &Connection) -> Option<Self> {
        let rows = connection.client().simple_query(ASK).await.ok()?;
        rows.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                let (history, since) = (row.get(0)?.to_owned(), row.get(1)?.to_owned());
                Some(Self { history, since })
            }
            _ => None,
        })
    }

    /// Whether the same numbers mean the same transactions.
    pub(super) fn counts_as(&self, other: &Self) -> bool {
        self == other
    }

    /// Whether what this server has not committed, that one had not either.
    pub(super) fn continues(&self, other: &Self) -> bool {
        self.history == other.history
    }
}

/// The first server whose transactions can be asked about by number (`pg_xact_status`).
const FIRST_VERSION: u32 = 13;

/// Whether the server gives transactions numbers that can be asked about.
pub(super) fn numbers_transactions(connection: &Connection) -> bool {
    let version = connection.parameter("server_version").unwrap_or_default();
    let major = version.split(|c: char| !c.is_ascii_digit()).next().and_then(|major| major.parse().ok());
    major.is_some_and(|major: u32| major >= FIRST_VERSION)
        && connection.parameter("in_hot_standby").as_deref() != Some("on")
}

/// Asks for the number of the transaction, which it has once it has written something.
pub(super) async fn number(held: Arc<Held>) -> Result<Option<u64>, Error> {
    const ASK: &str = "select pg_catalog.pg_current_xact_id_if_assigned()";
    let rows = held.connection().client().simple_query(ASK).await?;
    Ok(rows.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
        _ => None,
    }))
}

/// Whether the number is to be asked for behind such a statement. Not behind what is run before the first snapshot is
/// taken: asking takes one, and a transaction that locks its tables first wants to see what is in them then.
pub(super) fn is_asked_behind(sql: &str) -> bool {
    let is_several = sql.trim_end().trim_end_matches(';').contains(';');
    is_several || !["lock", "set", "show"].iter().any(|quiet| first_word(sql).eq_ignore_ascii_case(quiet))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_before_the_first_snapshot_is_left_alone() {
        assert!(
            !is_asked_behind(" LOCK table t in share mode")
                && !is_asked_behind("set constraints all deferred")
        );
        assert!(
            is_asked_behind("update t set n = 1") && is_asked_behind("select f()") && is_asked_behind("")
        );
    }
}
