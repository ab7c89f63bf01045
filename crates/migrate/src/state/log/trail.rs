//! Reading the log.

use std::collections::BTreeMap;

use futures_util::future::try_join;
use pgkeel_connect::Executor as _;
use tokio_postgres::Row;

use super::{Literal, OUTSIDE, State};
use crate::run::session::Session;
use crate::state::Home;
use crate::{Applied, Direction, Error, Step};

/// What the log says of all versions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trail {
    /// Where each has come to.
    pub(crate) last: BTreeMap<i64, Last>,
    /// Under which hashes each was applied last.
    pub(crate) applied: BTreeMap<i64, Hashes>,
}

impl Trail {
    /// From the rows of [`select_last`] and [`select_hashes`].
    pub(crate) fn of<'a>(
        last: impl Iterator<Item = &'a Row>,
        applied: impl Iterator<Item = &'a Row>,
    ) -> Result<Self, Error> {
        let decoded = || -> Result<Self, tokio_postgres::Error> {
            Ok(Self {
                last: last.map(read_last).collect::<Result<_, _>>()?,
                applied: applied.map(read_hashes).collect::<Result<_, _>>()?,
            })
        };
        let decoded = decoded().map_err(|source| pgkeel_connect::Error::Decode { column: 0, source });
        decoded.map_err(|source| Error::Database { step: Step::ReadHistory, source })
    }

    /// Whether the last that was done with a version was to revert it.
    pub(crate) fn is_reverted(&self, version: i64) -> bool {
        self.last.get(&version).is_some_and(|it| it.direction == Direction::Down && it.state == State::Ok)
    }

    /// What a row of the history would be called as a file, or as code if the log knows it as that.
    pub(crate) fn file(&self, row: &Applied) -> String {
        let is_code = self.applied.get(&row.version).is_some_and(|hashes| hashes.is_code);
        if is_code { format!("V{}__{}.rs", row.version, row.name) } else { row.file() }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Last {
    pub(crate) direction: Direction,
    pub(crate) state: State,
    pub(crate) is_outside: bool,
    pub(crate) done: usize,
    pub(crate) total: usize,
    pub(crate) done_sha256: Option<String>,
}

impl Last {
    /// Whether batches of a backfill have taken effect, though its statement has not come to its end.
    pub(crate) fn has_batches(&self) -> bool {
        self.done == 0 && self.done_sha256.is_some()
    }

    /// Whether it stands between two statements, unless somebody is at it right now.
    pub(crate) fn is_open(&self) -> bool {
        self.is_outside && matches!(self.state, State::Running | State::Interrupted)
    }

    /// Whether it stands there with something that has taken effect.
    pub(crate) fn is_begun(&self) -> bool {
        self.is_open() && (self.done > 0 || self.has_batches())
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Hashes {
    pub(crate) sha256: String,
    pub(crate) token_sha256: String,
    pub(crate) refinery_checksum: String,
    pub(crate) down_sha256: Option<String>,
    pub(crate) is_code: bool,
}

/// Reads the log; it is empty for whom it is not there or who may not read it.
pub(crate) async fn trail(session: &Session) -> Result<Trail, Error> {
    let log = &session.home.tables().log;
    let read = async {
        let readable = format!(
            "select coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass({})::pg_catalog.oid, 'select'), false)",
            Literal(log.sql())
        );
        // sql: the table is quoted as a literal
        if !session.query_scalar(&readable, &[]).await? {
            return Ok((Vec::new(), Vec::new()));
        }
        let (last, applied) = (select_last(&session.home), select_hashes(&session.home));
        try_join(session.query(&last, &[]), session.query(&applied, &[])).await
    };
    let (last, applied) = session.step(Step::ReadHistory, read).await?;
    Trail::of(last.iter(), applied.iter())
}

/// What rows of files with a version have in common.
const WITH_VERSION: &str = "kind operator(pg_catalog.<>) all (array['repeatable', 'hook', 'checkpoint'])";

/// Where each version has come to.
pub(crate) fn select_last(home: &Home) -> String {
    format!(
        "select distinct on (version) version, direction, status, tx_mode, statements_done, statements_total, done_sha256
             from {} where {WITH_VERSION} order by version, id desc",
        home.tables().log
    )
}

/// Under which hashes each version was applied last. A file has a statement, so what has none is code, however it came to
/// be recorded.
pub(crate) fn select_hashes(home: &Home) -> String {
    format!(
        "select distinct on (version) version, sha256, token_sha256, refinery_checksum, down_sha256, 
             statements_total operator(pg_catalog.=) 0
             from {} where status operator(pg_catalog.=) 'ok' and direction operator(pg_catalog.=) 'up'
               and {WITH_VERSION} order by version, id desc",
        home.tables().log
    )
}

fn read_last(row: &Row) -> Result<(i64, Last), tokio_postgres::Error> {
    let (direction, state, mode): (&str, &str, &str) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    let count = |column| row.try_get(column).map(|count: i32| usize::try_from(count).unwrap_or_default());
    let last = Last {
        direction: if direction == "down" { Direction::Down } else { Direction::Up },
        state: State::ALL.into_iter().find(|known| known.name() == state).unwrap_or(State::Failed),
        is_outside: mode == OUTSIDE,
        done: count(4)?,
        total: count(5)?,
        done_sha256: row.try_get(6)?,
    };
    Ok((row.try_get(0)?, last))
}

fn read_hashes(row: &Row) -> Result<(i64, Hashes), tokio_postgres::Error> {
    let (sha256, token_sha256) = (row.try_get(1)?, row.try_get(2)?);
    let (refinery_checksum, down_sha256) = (row.try_get(3)?, row.try_get(4)?);
    let hashes = Hashes { sha256, token_sha256, refinery_checksum, down_sha256, is_code: row.try_get(5)? };
    Ok((row.try_get(0)?, hashes))
}
