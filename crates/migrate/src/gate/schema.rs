//! The schema that is there beside the one that should be.

use std::fmt;

use crate::drift::{Header, header};
use crate::run::session::Session;
use crate::{Fingerprint, LockFile, Scope, Snapshot, Status, VerifyError};

/// What is known of the schema of a database whose files are all applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaCheck {
    /// It is what it should be.
    AsExpected,
    /// It was not asked for.
    NotAsked,
    /// There is nothing to hold it against: no lock file was given, or it does not know the newest version or the
    /// repeatables that are applied; and nothing was recorded since the last change, or this role may not read it.
    NothingExpected,
    /// What is expected was written by a server of another major version, which writes definitions differently.
    OtherMajor {
        /// The major version of what is expected.
        expected: u32,
        /// That of the server.
        found: u32,
    },
}

impl fmt::Display for SchemaCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsExpected => f.write_str(", and the schema is theirs"),
            Self::NotAsked => Ok(()),
            Self::NothingExpected => {
                f.write_str("; the schema was not compared, as nothing is known to compare it with")
            }
            Self::OtherMajor { expected, found } => write!(
                f,
                "; the schema was not compared, as what is known of it is of PostgreSQL {expected} and this is {found}"
            ),
        }
    }
}

/// What came of comparing.
pub(super) enum Compared {
    Agrees,
    Differs { against: &'static str, expected: Fingerprint, found: Fingerprint },
    Not(SchemaCheck),
}

struct Expected<'a> {
    against: &'static str,
    major: u32,
    scope: &'a Scope,
    schema: Fingerprint,
}

pub(super) async fn check(
    session: &Session,
    lock: Option<&LockFile>,
    status: &Status,
) -> Result<Compared, VerifyError> {
    let newest = status.applied.last().map(|row| row.version);
    if let Some(lock) = lock {
        if session.home.is_of_tenant() {
            return Err(VerifyError::LockOfTenant);
        }
        let schema = newest.and_then(|newest| lock.schema_after(newest, &status.repeated));
        let expected = schema.map(|schema| Expected {
            against: "the lock file",
            major: lock.major(),
            scope: lock.scope(),
            schema,
        });
        return compare(session, expected).await;
    }
    let record = header(&session.home, &session.connection).await?.filter(|record| record.is_current);
    let expected = record.as_ref().map(|Header { scope, major, fingerprint, .. }| Expected {
        against: "the record of the last change",
        major: *major,
        scope,
        schema: *fingerprint,
    });
    compare(session, expected).await
}

async fn compare(session: &Session, expected: Option<Expected<'_>>) -> Result<Compared, VerifyError> {
    let Some(Expected { against, major, scope, schema: expected }) = expected else {
        return Ok(Compared::Not(SchemaCheck::NothingExpected));
    };
    let snapshot = Snapshot::take_in(&session.home, &session.connection, scope).await?;
    let found = snapshot.fingerprint();
    Ok(if found == expected {
        Compared::Agrees
    } else if snapshot.major() == major {
        Compared::Differs { against, expected, found }
    } else {
        Compared::Not(SchemaCheck::OtherMajor { expected: major, found: snapshot.major() })
    })
}
