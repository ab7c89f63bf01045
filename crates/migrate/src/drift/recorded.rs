//! A snapshot that is kept in the database itself, so that what changed since can be named with nothing but it.

use std::time::Duration;

use pgkeel_connect::{Connection, Executor as _};
use tokio::time::timeout;

use crate::{Scope, Snapshot, VerifyError, VerifyStep};

/// Longest wait for an answer; a snapshot of a thousand tables has a few megabytes.
const ANSWER: Duration = Duration::from_secs(30);

const TABLE: &str = "pgkeel.schema_snapshot";

/// One row: only the newest counts. The server compresses the text.
const MAKE: &str = "
    create schema if not exists pgkeel;
    create table if not exists pgkeel.schema_snapshot (
        one boolean primary key default true check (one),
        fingerprint text not null,
        scope text not null,
        snapshot text not null,
        recorded_at timestamptz not null default now()
    )";

const PUT: &str = "
    insert into pgkeel.schema_snapshot (fingerprint, scope, snapshot) values ($1, $2, $3)
    on conflict (one) do update set (fingerprint, scope, snapshot, recorded_at)
        = (excluded.fingerprint, excluded.scope, excluded.snapshot, excluded.recorded_at)";

/// What was recorded, and of what.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) scope: Scope,
    pub(super) snapshot: Snapshot,
}

impl Snapshot {
    /// Keeps it in the database that it is of, in place of the one that was kept before, for
    /// [`Against::Recorded`](crate::Against::Recorded). `scope` is the one that it was taken with. In a transaction it is
    /// kept with that; two callers at once that are the first can fail, so hold the lock of migrations.
    ///
    /// # Errors
    /// [`VerifyError::Server`] and [`VerifyError::NoAnswer`].
    ///
    /// # Cancellation
    /// Dropping the future leaves the one or the other.
    pub async fn record(&self, connection: &Connection, scope: &Scope) -> Result<(), VerifyError> {
        let lines: Vec<String> = scope.lines().collect();
        let values = [self.fingerprint().to_string(), lines.join("\n"), self.to_text()];
        let record = async {
            if !is_there(connection).await? {
                connection.batch_execute(MAKE).await?;
            }
            connection.execute(PUT, &[&values[0], &values[1], &values[2]]).await
        };
        bounded(VerifyStep::Record, record).await.map(|_| ())
    }
}

/// What was recorded, if something was.
pub(super) async fn read(connection: &Connection) -> Result<Option<Record>, VerifyError> {
    let read = async {
        if !is_there(connection).await? {
            return Ok(None);
        }
        connection.query_opt(&format!("select scope, snapshot from {TABLE}"), &[]).await
    };
    let Some(row) = bounded(VerifyStep::ReadRecord, read).await? else { return Ok(None) };
    let (Ok(scope), Ok(text)) = (row.try_get::<_, String>(0), row.try_get::<_, String>(1)) else {
        return Err(VerifyError::BadRecord(None));
    };
    let scope =
        scope.lines().try_fold(Scope::bare(), Scope::read).map_err(|_| VerifyError::BadRecord(None))?;
    let snapshot = Snapshot::parse(&text).map_err(|error| VerifyError::BadRecord(Some(error)))?;
    Ok(Some(Record { scope, snapshot }))
}

async fn is_there(connection: &Connection) -> Result<bool, pgkeel_connect::Error> {
    connection.query_scalar(&format!("select to_regclass('{TABLE}') is not null"), &[]).await
}

async fn bounded<T>(
    step: VerifyStep,
    run: impl Future<Output = Result<T, pgkeel_connect::Error>>,
) -> Result<T, VerifyError> {
    match timeout(ANSWER, run).await {
        Ok(done) => done.map_err(|source| VerifyError::Server { step, source }),
        Err(_) => Err(VerifyError::NoAnswer { step, waited: ANSWER }),
    }
}
