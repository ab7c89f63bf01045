//! Reading a schema.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use futures_util::future::join3;
use pgkeel_connect::{Connection, Error, Executor as _, TransactionStatus, TypedParam};
use tokio::time::timeout;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, Statement};

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
const SETTINGS: &str = "
    set local search_path = ''; set local timezone = 'UTC'; set local datestyle = 'ISO, MDY';
    set local intervalstyle = 'postgres'; set local extra_float_digits = 1; set local bytea_output = 'hex';
    set local lc_monetary = 'C'; set local quote_all_identifiers = off; set local standard_conforming_strings = on;
    set local jit = off; set local lock_timeout = '10s'; set local statement_timeout = '1min'";

/// It is not planned anew for its values, which say little.
const ONE_PLAN: &str = "; set local plan_cache_mode = force_generic_plan";

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
        take(home, connection, scope, None).await
    }
}

/// Reads the schema of one database on a connection of its own. From the second time on it takes the server half as long, as
/// the statement is prepared and planned by then.
#[derive(Debug)]
pub(crate) struct Reader {
    connection: Connection,
    statement: Kept,
}

/// The statement, prepared for servers of this major version.
type Kept = OnceLock<(u32, Statement)>;

impl Reader {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, statement: OnceLock::new() }
    }

    /// Has the statement prepared and planned, and looks at no schema, so that it waits for nobody's locks and nobody for its.
    pub(crate) async fn make_ready(&self) -> Result<(), VerifyError> {
        // No schema can be called so.
        self.take(&Scope::bare().in_schema("")).await.map(|_| ())
    }

    /// As [`Snapshot::take`].
    pub(crate) async fn take(&self, scope: &Scope) -> Result<Snapshot, VerifyError> {
        take(&Home::default(), &self.connection, scope, Some(&self.statement)).await
    }
}

async fn take(
    home: &Home,
    connection: &Connection,
    scope: &Scope,
    kept: Option<&Kept>,
) -> Result<Snapshot, VerifyError> {
    let is_inside = connection.transaction_status() != TransactionStatus::Idle;
    let mut disturbed = Disturbed::now();
    loop {
        match bounded(Box::pin(read(home, connection, scope, is_inside, kept))).await {
            Err(VerifyError::Server { source, .. }) if !is_inside && disturbed.may_go_on(&source) => {}
            done => return done,
        }
    }
}

async fn bounded<T>(read: impl Future<Output = Result<T, VerifyError>>) -> Result<T, VerifyError> {
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
    kept: Option<&Kept>,
) -> Result<Snapshot, VerifyError> {
    let (open, close) = if is_inside {
        (
            "savepoint pgkeel_snapshot",
            "rollback to savepoint pgkeel_snapshot; release savepoint pgkeel_snapshot",
        )
    } else {
        ("begin isolation level repeatable read read only", "rollback")
    };
    let open = format!("{open}; {SETTINGS}{}", if kept.is_some() { ONE_PLAN } else { "" });
    let (opened, closed) = (connection.batch_execute(&open), connection.batch_execute(close));
    let (major, rows) = if let Some((major, statement)) = kept.and_then(OnceLock::get) {
        let schemas = scope.schemas();
        let values: [&(dyn ToSql + Sync); 1] = [&schemas];
        let rows = collect(connection, statement, &values);
        // In one flight.
        let (opened, rows, closed) = join3(opened, rows, closed).await;
        (*major, opened.and(rows).and_then(|rows| closed.map(|()| rows)).map_err(refused)?)
    } else {
        opened.await.map_err(refused)?;
        let asked = ask(home, connection, scope, kept).await;
        let lost = asked.as_ref().is_err_and(VerifyError::is_disconnected);
        if !lost {
            closed.await.map_err(refused)?;
        }
        asked?
    };
    snapshot(home, scope, major, rows)
}

/// What the rows say, which is put together while the server is still busy with the rest.
#[derive(Default)]
struct Read {
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
async fn ask(
    home: &Home,
    connection: &Connection,
    scope: &Scope,
    kept: Option<&Kept>,
) -> Result<(u32, Read), VerifyError> {
    let version = "select current_setting('server_version_num')::int4";
    let number: i32 = connection.query_scalar_typed(version, &[]).await.map_err(refused)?;
    let major = number.unsigned_abs() / 10_000;
    if major < OLDEST {
        return Err(VerifyError::TooOld { major, oldest: OLDEST });
    }
    let (tenant, path, schemas) = (vec![home.schema()], home.schema_sql(), scope.schemas());
    let values: [TypedParam<'_>; 2] = [(&tenant, Type::TEXT_ARRAY), (&path, Type::TEXT)];
    let (sql, values): (String, &[TypedParam<'_>]) = if home.is_of_tenant() {
        (statement_for_tenant(major), &values)
    } else {
        (statement(major), &[(&schemas, Type::TEXT_ARRAY)])
    };
    let rows = match kept {
        // Without a name, as behind a pooler others may have left statements on this session under the same one.
        None => connection.query_typed_into(&sql, values).await,
        Some(kept) => keep(connection, major, &sql, values, kept).await,
    };
    Ok((major, rows.map_err(refused)?))
}

async fn keep(
    connection: &Connection,
    major: u32,
    sql: &str,
    values: &[TypedParam<'_>],
    kept: &Kept,
) -> Result<Read, Error> {
    let types: Vec<Type> = values.iter().map(|(_, kind)| kind.clone()).collect();
    let prepared = connection.client().prepare_typed(sql, &types).await?;
    let (_, statement) = kept.get_or_init(|| (major, prepared));
    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|(value, _)| *value as _).collect();
    collect(connection, statement, &values).await
}

async fn collect(
    connection: &Connection,
    statement: &Statement,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Read, Error> {
    let read = async {
        let mut rows = pin!(connection.client().query_raw(statement, values.iter().copied()).await?);
        let mut read = Read::default();
        while let Some(row) = rows.try_next().await? {
            read.extend([row]);
        }
        Ok(read)
    };
    read.await.map_err(|error: tokio_postgres::Error| connection.explain(error.into()))
}

fn snapshot(home: &Home, scope: &Scope, major: u32, read: Read) -> Result<Snapshot, VerifyError> {
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

fn refused(source: Error) -> VerifyError {
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
