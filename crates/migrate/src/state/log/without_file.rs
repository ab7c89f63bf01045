//! Writing into the log about a version of which there is no file any more.

use super::entry::{Literal, RunId, optional};
use super::{Cause, Hashes, INSIDE, State};
use crate::{Applied, Direction};

/// A version that is taken out of the history by hand.
#[derive(Debug)]
pub(crate) struct WithoutFile<'a> {
    pub(crate) run: &'a RunId,
    pub(crate) row: &'a Applied,
    /// Under which hashes it was applied, if the log knows.
    pub(crate) hashes: Option<&'a Hashes>,
    pub(crate) note: &'a str,
}

impl WithoutFile<'_> {
    pub(crate) fn insert(&self) -> String {
        let Self { run, row, hashes, note } = self;
        let hash = |of: fn(&Hashes) -> &String| Literal(hashes.map_or("", |it| of(it))).to_string();
        format!(
            "insert into {} (run_id, version, name, kind, direction, status, tx_mode, statements_done, statements_total,
                sha256, token_sha256, refinery_checksum, started_at, finished_at, duration_ms, lock_wait_ms, attempts,
                client_pid, tool_version, vcs_revision, note)
             values ({}::uuid, {}, {}, '{}', '{}', '{}', '{INSIDE}', 0, 0, {}, {}, '{}', clock_timestamp(),
                clock_timestamp(), 0, 0, 1, {}, '{}', {}, {})",
            run.home.tables().log,
            Literal(&run.id),
            row.version,
            Literal(&row.name),
            Cause::Mark.name().unwrap_or_default(),
            Direction::Down,
            State::Ok.name(),
            hash(|it| &it.sha256),
            hash(|it| &it.token_sha256),
            row.checksum,
            std::process::id(),
            env!("CARGO_PKG_VERSION"),
            optional(run.revision.as_ref()),
            Literal(note)
        )
    }
}
