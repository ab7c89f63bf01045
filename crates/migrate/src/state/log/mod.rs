//! The table of what happened, `pgkeel.migration_log`: one row an event, none ever changed or removed by this crate.
//!
//! Refinery's table says what is applied now; this one says how it came to that, and how far a file came that runs
//! outside of a transaction.

mod entry;
mod cause;
mod handover;
mod trail;
mod without_file;

pub(crate) use self::cause::Cause;
pub(crate) use self::entry::Literal;
pub(crate) use self::entry::{Entry, RunId, Started, Trouble};
pub(crate) use self::handover::{Handover, Rows};
pub(crate) use self::trail::{Hashes, Last, Trail, select_hashes, select_last, trail};
pub(crate) use self::without_file::WithoutFile;
use super::Home;

/// `fingerprint_after` is of the newest version that a baseline or an import recorded, where the schema was compared, and
/// else null: a schema is read once a call, behind all files, and kept in `schema_snapshot`; what it is behind each
/// file is in the lock file. Logs of older versions have a `fingerprint_before`, too, which is never filled.
const COLUMNS: &str = "
    id bigint generated always as identity primary key,
    run_id uuid not null,
    version bigint not null,
    name text not null,
    kind text not null,
    direction text not null,
    status text not null,
    tx_mode text not null,
    statements_done int not null,
    statements_total int not null,
    done_sha256 text,
    sha256 text not null,
    token_sha256 text not null,
    refinery_checksum text not null,
    down_sha256 text,
    started_at timestamptz not null,
    finished_at timestamptz,
    duration_ms bigint,
    lock_wait_ms bigint,
    attempts int,
    sqlstate text,
    error text,
    error_line int,
    error_column int,
    session_user_name text not null default session_user,
    current_user_name text not null default current_user,
    application_name text default current_setting('application_name', true),
    client_address inet default inet_client_addr(),
    client_pid bigint,
    backend_pid int not null default pg_backend_pid(),
    tool_version text not null,
    vcs_revision text,
    server_version_num int not null default current_setting('server_version_num')::int,
    fingerprint_after text,
    note text
";

pub(super) fn create_table(home: &Home) -> String {
    format!("create table {} ({COLUMNS})", home.tables().log)
}

/// For a log that an older version made.
pub(super) fn add_note(home: &Home) -> String {
    format!("alter table {} add note text", home.tables().log)
}

/// Whether it is such a log, and whether this role may change it.
pub(super) fn lacks_note(home: &Home) -> String {
    format!(
        "select not exists (select from pg_catalog.pg_attribute where attrelid operator(pg_catalog.=) c.oid
            and attname operator(pg_catalog.=) 'note' and not attisdropped), pg_catalog.pg_has_role(relowner, 'usage')
         from pg_catalog.pg_class c where oid operator(pg_catalog.=) pg_catalog.to_regclass({})::pg_catalog.oid",
        Literal(home.tables().log.sql())
    )
}

/// Where a file has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Running,
    Ok,
    /// Nothing of it stays.
    Failed,
    /// Some of its statements stay.
    Interrupted,
}

impl State {
    const ALL: [Self; 4] = [Self::Running, Self::Ok, Self::Failed, Self::Interrupted];

    fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

const INSIDE: &str = "transaction";
const OUTSIDE: &str = "statements";
