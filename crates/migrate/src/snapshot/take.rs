//! Reading a schema.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use pgkeel_connect::{Connection, Error, Executor as _, TransactionStatus, TypedParam};
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::statement::{TENANT, statement, statement_for_tenant};
use super::{Attributes, Object, Scope, Snapshot};
use crate::state::Home;
use crate::{VerifyError, VerifyStep};

/// Longest wait for the statement; it takes well under a second for a thousand tables. Rules and views that somebody
/// has locked are waited for.
const LIMIT: Duration = Duration::from_mins(1);

/// The server gives up first, so that its error says why.
const GRACE: Duration = Duration::from_secs(5);

/// So often in a row others do not cause the very same error: what they change has other numbers and names each time.
const SAME: u32 = 20;

/// The oldest major version whose catalogs are known.
const OLDEST: u32 = 12;

/// How the server writes definitions and constants depends on these. Compiling the statement would take longer than
/// running it.
pub(super) const SETTINGS: &str = "
    set local search_path = ''; set local timezone = 'UTC'; set local datestyle = 'ISO, MDY';
    set local intervalstyle = 'postgres'; set local extra_float_digits = 1; set local bytea_output = 'hex';
    set local lc_monetary = 'C'; set local quote_all_identifiers = off; set local standard_conforming_strings = on;
    set local jit = off; set local lock_timeout = '10s'; set local statement_timeout = '1min'";

pub(super) const BEGIN: &str = "begin isolation level repeatable read read only";

impl Snapshot {
    /// Reads the schema with one statement, in a read-only transaction, or in a savepoint if one is open: then it has
    /// what that transaction has done. Any role can: nothing in it depends on who asks.
    ///
    /// Outside of a transaction it reads again, for up to a minute, where others have dropped meanwhile what it was reading.
    ///
    /// # Errors
    /// [`VerifyError::Server`] if the server refuses, [`VerifyError::NoAnswer`] after a little more than a minute,
    /// [`VerifyError::TooOld`] before PostgreSQL 12.
    ///
    /// # Cancellation
    /// Dropping the future leaves the transaction or savepoint open; close the connection then.
    pub async fn take(connection: &Connection, scope: &Scope) -> Result<Self, VerifyError> {
        Self::take_in(&Home::default(), connection, scope).await
    }

    /// As [`take`](Self::take); of a tenant its own schema alone, under a name that is the same for all tenants. What is ours in
    /// it, and what the schema itself is like, is left out.
    pub(crate) async fn take_in(
        home: &Home,
        connection: &Connection,
        scope: &Scope,
    ) -> Result<Self, VerifyError> {
        take(home, connection, scope).await
    }
}

async fn take(home: &Home, connection: &Connection, scope: &Scope) -> Result<Snapshot, VerifyError> {
    let is_inside = connection.transaction_status() != TransactionStatus::Idle;
    let mut disturbed = Disturbed::now();
    loop {
        match bounded(Box::pin(read(home, connection, scope, is_inside))).await {
            Err(VerifyError::Server { source, .. }) if !is_inside && disturbed.may_go_on(&source) => {}
            done => return done,
        }
    }
}

pub(super) async fn bounded<T>(read: impl Future<Output = Result<T, VerifyError>>) -> Result<T, VerifyError> {
    let limit = LIMIT + GRACE;
    let late = |_| Err(VerifyError::NoAnswer { step: VerifyStep::Snapshot, waited: limit });
    timeout(limit, read).await.unwrap_or_else(late)
}

/// What kept a schema from being read.
struct Disturbed {
    since: Instant,
    by: String,
    times: u32,
}

impl Disturbed {
    fn now() -> Self {
        Self { since: Instant::now(), by: String::new(), times: 0 }
    }

    /// Whether this was a change by others, and there is still time to read again.
    fn may_go_on(&mut self, error: &Error) -> bool {
        error.server().is_some_and(|server| {
            is_of_a_change(server.code().code())
                && !self.is_stuck(server.message())
                && self.since.elapsed() < LIMIT
        })
    }

    fn is_stuck(&mut self, message: &str) -> bool {
        if self.by != message {
            (self.by, self.times) = (message.to_owned(), 0);
        }
        self.times += 1;
        self.times >= SAME
    }
}

/// An object went away between its row being read and its definition being written out (`XX000`, "cache lookup failed",
/// or one of class 42).
fn is_of_a_change(code: &str) -> bool {
    code == "XX000" || code.starts_with("42") && code != "42501"
}

async fn read(
    home: &Home,
    connection: &Connection,
    scope: &Scope,
    is_inside: bool,
) -> Result<Snapshot, VerifyError> {
    let (open, close) = if is_inside {
        (
            "savepoint pgkeel_snapshot",
            "rollback to savepoint pgkeel_snapshot; release savepoint pgkeel_snapshot",
        )
    } else {
        (BEGIN, "rollback")
    };
    connection.batch_execute(&format!("{open}; {SETTINGS}")).await.map_err(refused)?;
    let asked = ask(home, connection, scope).await;
    let lost = asked.as_ref().is_err_and(VerifyError::is_disconnected);
    if !lost {
        connection.batch_execute(close).await.map_err(refused)?;
    }
    let (major, rows) = asked?;
    snapshot(home, scope, major, rows)
}

/// What the rows say, which is put together while the server is still busy with the rest.
#[derive(Default)]
pub(super) struct Read {
    objects: BTreeMap<Object, Attributes>,
    /// Those that are told only for their attributes.
    optional: BTreeSet<Object>,
    failed: Option<tokio_postgres::Error>,
}

impl Extend<Row> for Read {
    fn extend<I: IntoIterator<Item = Row>>(&mut self, rows: I) {
        for row in rows {
            if let Err(error) = self.read(&row) {
                self.failed = Some(error);
            }
        }
    }
}

impl Read {
    /// A row is an object with what is said of it, of which there may be more in other rows: names and values in turn, without a
    /// value where there is nothing to tell.
    fn read(&mut self, row: &Row) -> Result<(), tokio_postgres::Error> {
        let object = Object::new(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let is_optional: bool = row.try_get(3)?;
        let said: Vec<Option<&str>> = row.try_get(4)?;
        let told = said.chunks_exact(2).filter_map(|pair| Some((pair[0]?.to_owned(), pair[1]?.to_owned())));
        let mut told = told.peekable();
        if is_optional && told.peek().is_none() {
            return Ok(());
        }
        if is_optional {
            self.optional.insert(object.clone());
        }
        self.objects.entry(object).or_default().extend(told);
        Ok(())
    }
}

/// Which major version it is, and its rows.
async fn ask(home: &Home, connection: &Connection, scope: &Scope) -> Result<(u32, Read), VerifyError> {
    let major = major_of(connection).await?;
    let (tenant, path, schemas) = (vec![home.schema()], home.schema_sql(), scope.schemas());
    let values: [TypedParam<'_>; 2] = [(&tenant, Type::TEXT_ARRAY), (&path, Type::TEXT)];
    let (sql, values): (String, &[TypedParam<'_>]) = if home.is_of_tenant() {
        (statement_for_tenant(major), &values)
    } else {
        (statement(major), &[(&schemas, Type::TEXT_ARRAY)])
    };
    // Without a name, as behind a pooler others may have left statements on this session under the same one.
    let rows = connection.query_typed_into(&sql, values).await;
    Ok((major, rows.map_err(refused)?))
}

pub(super) async fn major_of(connection: &Connection) -> Result<u32, VerifyError> {
    let version = "select current_setting('server_version_num')::int4";
    let number: i32 = connection.query_scalar_typed(version, &[]).await.map_err(refused)?;
    let major = number.unsigned_abs() / 10_000;
    if major < OLDEST {
        return Err(VerifyError::TooOld { major, oldest: OLDEST });
    }
    Ok(major)
}

pub(super) fn snapshot(home: &Home, scope: &Scope, major: u32, read: Read) -> Result<Snapshot, VerifyError> {
    if let Some(source) = read.failed {
        return Err(refused(Error::Decode { column: 0, source }));
    }
    let mut snapshot = Snapshot::new(major);
    snapshot.objects = read.objects;
    if home.is_of_tenant() {
        snapshot.objects.retain(|object, _| !is_besides(home, object));
    }
    snapshot.narrow(scope, &read.optional);
    Ok(snapshot)
}

/// Whether this is not for a tenant's migrations to make: the schema, or a table of ours in it.
fn is_besides(home: &Home, object: &Object) -> bool {
    let is_ours = |name: &str| {
        name.strip_prefix(TENANT).and_then(|rest| rest.strip_prefix('.')).is_some_and(|name| home.has(name))
    };
    object.kind() == "schema" || is_ours(object.name()) || object.of().is_some_and(is_ours)
}

pub(super) fn refused(source: Error) -> VerifyError {
    VerifyError::Server { step: VerifyStep::Snapshot, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_error_again_and_again_is_no_change_by_others() {
        let mut disturbed = Disturbed::now();
        let gone = |number: u32| format!("could not open relation with OID {number}");
        assert!(!(0..100).any(|number| disturbed.is_stuck(&gone(number))));
        assert_eq!((1..100).find(|_| disturbed.is_stuck(&gone(7))), Some(SAME));
    }

    #[test]
    fn what_a_role_may_not_see_is_no_change_by_others() {
        assert!(is_of_a_change("XX000") && is_of_a_change("42P01") && is_of_a_change("42703"));
        assert!(!is_of_a_change("42501") && !is_of_a_change("57014") && !is_of_a_change("55P03"));
    }
}
