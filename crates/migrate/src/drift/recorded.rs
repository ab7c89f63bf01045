//! A snapshot that is kept in the database itself, so that what changed since can be named with nothing but it.

use std::time::Duration;

use pgkeel_connect::{Connection, Executor as _, TypedParam};
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use crate::state::Home;
use crate::{Fingerprint, Scope, Snapshot, VerifyError, VerifyStep};

/// Longest wait for an answer; a snapshot of a thousand tables has a few megabytes.
const ANSWER: Duration = Duration::from_secs(30);

/// One row: only the newest counts, and compressing it would take the server longer than writing it. `applied` says of which
/// history it is.
/// IF NOT EXISTS would ask for the right to create even where there is nothing to create.
async fn make(home: &Home, connection: &Connection) -> Result<(), pgkeel_connect::Error> {
    let schema = home.schema_sql();
    let is_there = "select pg_catalog.to_regnamespace($1) is not null";
    if !connection.query_scalar_typed(is_there, &[(&schema, Type::TEXT)]).await? {
        // sql: the schema's name is quoted
        connection.batch_execute(&format!("create schema {schema}")).await?;
    }
    let table = home.tables().snapshot.sql();
    let create = format!(
        "create table {table} (
        one boolean primary key default true check (one),
        fingerprint pg_catalog.text not null,
        scope pg_catalog.text not null,
        snapshot pg_catalog.text not null,
        recorded_at pg_catalog.timestamptz not null default pg_catalog.now(),
        applied pg_catalog.text
    ); alter table {table} alter snapshot set storage external"
    );
    // sql: the table's name is quoted
    connection.batch_execute(&create).await
}

/// For a table that an older version made.
fn add_applied(home: &Home) -> String {
    format!("alter table {} add applied pg_catalog.text", home.tables().snapshot)
}

fn put(home: &Home) -> String {
    format!(
        "insert into {} (fingerprint, scope, snapshot, applied) values ($1, $2, $3, $4)
    on conflict (one) do update set (fingerprint, scope, snapshot, applied, recorded_at)
        = (excluded.fingerprint, excluded.scope, excluded.snapshot, excluded.applied, excluded.recorded_at)",
        home.tables().snapshot
    )
}

/// The catalogs tell this to everybody; to look a table up by its name takes a right on its schema. Which of the three it
/// is comes first.
const LOOK: &str = "
    select pg_catalog.array_position($2, relname::pg_catalog.text),
        pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'select'),
        exists (select from pg_catalog.pg_attribute where attrelid operator(pg_catalog.=) c.oid
            and attname operator(pg_catalog.=) 'applied' and not attisdropped)
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) relnamespace
    where nspname operator(pg_catalog.=) $1 and relname operator(pg_catalog.=) any ($2)";

/// What was recorded, and of what.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) scope: Scope,
    pub(super) snapshot: Snapshot,
    /// Whether the history is still as it was then.
    pub(super) is_current: bool,
}

/// The same without the snapshot itself.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) scope: Scope,
    pub(crate) major: u32,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) is_current: bool,
}

/// The table of the record, for this role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Standing {
    #[default]
    Missing,
    /// It does not say of which history it is.
    Old,
    Readable,
    Hidden,
}

/// Which of the tables are there, and can be used.
#[derive(Debug, Default)]
struct Tables {
    record: Standing,
    history: bool,
    repeatables: bool,
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
        self.record_in(&Home::default(), connection, scope).await
    }

    pub(crate) async fn record_in(
        &self,
        home: &Home,
        connection: &Connection,
        scope: &Scope,
    ) -> Result<(), VerifyError> {
        Place::find(home, connection).await?.put(self, scope).await
    }
}

/// Where a snapshot is kept, with what the history says meanwhile.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    home: &'a Home,
    connection: &'a Connection,
    applied: Option<String>,
}

impl<'a> Place<'a> {
    /// Makes the table if it is not there.
    pub(crate) async fn find(home: &'a Home, connection: &'a Connection) -> Result<Self, VerifyError> {
        let find = async {
            let tables = Tables::look(home, connection).await?;
            match tables.record {
                Standing::Missing => make(home, connection).await?,
                Standing::Old => connection.batch_execute(&add_applied(home)).await?,
                Standing::Readable | Standing::Hidden => {}
            }
            tables.applied(home, connection).await
        };
        let applied = bounded(VerifyStep::Record, find).await?;
        Ok(Self { home, connection, applied })
    }

    /// In place of the one that was kept before.
    pub(crate) async fn put(&self, snapshot: &Snapshot, scope: &Scope) -> Result<(), VerifyError> {
        let lines: Vec<String> = scope.lines().collect();
        let (text, fingerprint) = snapshot.to_text_with_fingerprint();
        let texts = [fingerprint.to_string(), lines.join("\n"), text];
        let [fingerprint, scope, snapshot] = &texts;
        let values: [&(dyn ToSql + Sync); 4] = [fingerprint, scope, snapshot, &self.applied];
        let (sql, values) = (put(self.home), values.map(|value| (value, Type::TEXT)));
        let put = self.connection.execute_typed(&sql, &values);
        bounded(VerifyStep::Record, put).await.map(|_| ())
    }
}

impl Tables {
    async fn look(home: &Home, connection: &Connection) -> Result<Self, pgkeel_connect::Error> {
        let mut tables = Self::default();
        let names = home.tables();
        let names = [&names.snapshot, &names.history, &names.repeatable].map(|table| &*table.name);
        let (schema, names) = (home.schema(), &names[..]);
        let values: [TypedParam<'_>; 2] = [(&schema, Type::TEXT), (&names, Type::TEXT_ARRAY)];
        for row in connection.query_typed(LOOK, &values).await? {
            let decode = |source| pgkeel_connect::Error::Decode { column: 0, source };
            let which: i32 = row.try_get(0).map_err(decode)?;
            let (is_readable, is_complete): (bool, bool) =
                (row.try_get(1).map_err(decode)?, row.try_get(2).map_err(decode)?);
            match which {
                1 => {
                    tables.record = match (is_complete, is_readable) {
                        (false, _) => Standing::Old,
                        (true, true) => Standing::Readable,
                        (true, false) => Standing::Hidden,
                    };
                }
                2 => tables.history = is_readable,
                _ => tables.repeatables = is_readable,
            }
        }
        Ok(tables)
    }

    /// What the history says now; nothing where there is none.
    async fn applied(
        &self,
        home: &Home,
        connection: &Connection,
    ) -> Result<Option<String>, pgkeel_connect::Error> {
        if !self.history {
            return Ok(None);
        }
        let tables = home.tables();
        let mut lines =
            format!("select pg_catalog.format('%s %s', version, checksum) as line from {}", tables.history);
        if self.repeatables {
            lines = format!(
                "{lines} union all select pg_catalog.format('%s %s', name, sha256) from {}",
                tables.repeatable
            );
        }
        let applied = format!(
            "select pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(coalesce(
                pg_catalog.string_agg(line, E'\\n' order by line collate pg_catalog.\"C\"), ''), 'UTF8')), 'hex')
             from ({lines}) as lines"
        );
        // sql: the tables' names are quoted
        let rows = connection.query_typed(&applied, &[]).await?;
        Ok(rows.first().and_then(|row| row.try_get(0).ok()))
    }
}

/// Which schema was recorded; nothing where none was, or it does not say of which history it is, or this role may not read it.
pub(crate) async fn header(home: &Home, connection: &Connection) -> Result<Option<Header>, VerifyError> {
    let columns =
        "scope, applied, pg_catalog.split_part(pg_catalog.left(snapshot, 100), E'\n', 2), fingerprint";
    let found = match row(home, connection, columns).await {
        Err(VerifyError::OldRecord) => None,
        found => found?,
    };
    let Some((row, applied)) = found else { return Ok(None) };
    let (scope, is_current) = (scope(&row)?, is_current(&row, applied.as_deref()));
    let text = |column| row.try_get::<_, String>(column).ok();
    let major = text(2).and_then(|text| text.strip_prefix("postgresql ")?.parse().ok());
    let fingerprint = text(3).and_then(|text| text.parse().ok());
    let (major, fingerprint) = major.zip(fingerprint).ok_or(VerifyError::BadRecord(None))?;
    Ok(Some(Header { scope, major, fingerprint, is_current }))
}

/// What was recorded, if something was.
pub(super) async fn read(home: &Home, connection: &Connection) -> Result<Option<Record>, VerifyError> {
    let Some((row, applied)) = row(home, connection, "scope, applied, snapshot").await? else {
        return Ok(None);
    };
    let (scope, is_current) = (scope(&row)?, is_current(&row, applied.as_deref()));
    let text: String = row.try_get(2).map_err(|_| VerifyError::BadRecord(None))?;
    let snapshot = Snapshot::parse(&text).map_err(|error| VerifyError::BadRecord(Some(error)))?;
    Ok(Some(Record { scope, snapshot, is_current }))
}

/// The one row, and what the history says now.
async fn row(
    home: &Home,
    connection: &Connection,
    columns: &str,
) -> Result<Option<(Row, Option<String>)>, VerifyError> {
    let tables = bounded(VerifyStep::ReadRecord, Tables::look(home, connection)).await?;
    match tables.record {
        Standing::Readable => {}
        Standing::Old => return Err(VerifyError::OldRecord),
        Standing::Missing | Standing::Hidden => return Ok(None),
    }
    let read = async {
        let sql = format!("select {columns} from {}", home.tables().snapshot);
        // sql: the table's name is quoted; columns are literals of this file
        let row = connection.query_opt_typed(&sql, &[]).await?;
        Ok(row.zip(Some(tables.applied(home, connection).await?)))
    };
    bounded(VerifyStep::ReadRecord, read).await
}

fn scope(row: &Row) -> Result<Scope, VerifyError> {
    let text: String = row.try_get(0).map_err(|_| VerifyError::BadRecord(None))?;
    text.lines().try_fold(Scope::bare(), Scope::read).map_err(|_| VerifyError::BadRecord(None))
}

fn is_current(row: &Row, applied: Option<&str>) -> bool {
    row.try_get::<_, Option<String>>(1).is_ok_and(|then| then.as_deref() == applied)
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
