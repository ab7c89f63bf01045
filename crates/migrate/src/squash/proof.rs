//! Two shadows side by side.

use std::time::Duration;

use pgkeel_connect::{Config, Executor as _};
use tokio::time::timeout;

use super::Squasher;
use super::body::Body;
use crate::proof::server_wide;
use crate::state::Home;
use crate::{
    Aspect, Differences, Error, Fingerprint, Migration, Migrations, Migrator, Scope, Shadow, Snapshot,
    VerifyError, VerifyStep,
};

/// Of all tables of a shadow, which have the rows that files insert and no others.
const COUNT: Duration = Duration::from_mins(10);

/// What files have made of an empty database.
#[derive(Debug)]
pub(crate) struct Made {
    /// All that is to be the same, owners and the like included.
    pub(crate) all: Snapshot,
    /// Of the sides that are asked for.
    pub(crate) schema: Snapshot,
    /// The history, and how many rows each table has.
    rows: Vec<String>,
}

impl Made {
    /// What another one lacks of this or has besides, in words; and what is different in the schema.
    pub(crate) fn beside(&self, other: &Self) -> Option<(Differences, Vec<String>)> {
        let differences = Differences::between(&self.all, &other.all);
        let lacks = self.rows.iter().filter(|row| !other.rows.contains(row)).map(|row| format!("not {row}"));
        let has = other.rows.iter().filter(|row| !self.rows.contains(row)).map(|row| format!("but {row}"));
        let rows: Vec<String> = lacks.chain(has).collect();
        (!differences.is_empty() || !rows.is_empty()).then_some((differences, rows))
    }
}

/// Runs both, and returns the fingerprint of the schema.
pub(super) async fn prove(
    squasher: &Squasher,
    chain: &[Migration],
    checkpoint: &Migration,
    body: Option<&Body>,
) -> Result<Fingerprint, VerifyError> {
    let (server, files) = (&squasher.server, &squasher.migrations);
    let lock = squasher.lock.as_ref();
    let scope = lock.map_or_else(Scope::default, |lock| lock.scope().clone());
    let expected = make((server, squasher.is_private), files.of_these(chain), &scope).await?;
    let (schema, version) = (expected.schema.fingerprint(), checkpoint.version());
    let locked = lock.filter(|lock| lock.major() == expected.schema.major());
    let locked = locked.and_then(|lock| lock.schema_after(version, &[]));
    if locked.is_some_and(|locked| locked != schema) {
        return Err(VerifyError::StaleLock { version });
    }
    let found =
        make((server, squasher.is_private), files.of_these(std::slice::from_ref(checkpoint)), &scope).await;
    let found = found.map_err(|error| not_in_one(error, checkpoint, body))?;
    match expected.beside(&found) {
        None => Ok(schema),
        Some((differences, rows)) => {
            Err(VerifyError::OtherOutcome { file: checkpoint.file().to_owned(), differences, rows })
        }
    }
}

/// Of one that is not written lines say nothing to anybody.
fn not_in_one(error: VerifyError, checkpoint: &Migration, body: Option<&Body>) -> VerifyError {
    let at = match &error {
        VerifyError::Migrate(Error::File(failed)) if failed.file == checkpoint.file() => failed.at,
        _ => None,
    };
    match (error, at.and_then(|at| body?.source(at.line))) {
        (VerifyError::Migrate(source), Some(file)) => {
            VerifyError::NotInOne { file: file.to_owned(), source: Box::new(source) }
        }
        (error, _) => error,
    }
}

/// Runs these files in a shadow on a server, which may be for nobody else.
pub(crate) async fn make(
    (server, is_private): (&Config, bool),
    files: Migrations,
    scope: &Scope,
) -> Result<Made, VerifyError> {
    if !is_private {
        server_wide::refuse(&files)?;
    }
    let shadow = Shadow::create(server).await?;
    let made = make_in(&shadow, files, scope).await;
    shadow.leave().await;
    made
}

async fn make_in(shadow: &Shadow, files: Migrations, scope: &Scope) -> Result<Made, VerifyError> {
    let migrator = Migrator::new(shadow.config().clone(), files).accepting_destructive().without_record();
    migrator.up().await?;
    let everything = [Aspect::Owners, Aspect::Population, Aspect::Tablespaces];
    let everything = everything.into_iter().fold(Scope::default(), Scope::with);
    let all = Snapshot::take(shadow.connection(), &everything).await?;
    let schema = Snapshot::take(shadow.connection(), scope).await?;
    let step = VerifyStep::Count;
    match timeout(COUNT, rows(shadow)).await {
        Ok(Ok(rows)) => Ok(Made { all, schema, rows }),
        Ok(Err(source)) => Err(VerifyError::Server { step, source }),
        Err(_) => Err(VerifyError::NoAnswer { step, waited: COUNT }),
    }
}

/// The history as a line a version, and a line a table that has rows.
async fn rows(shadow: &Shadow) -> Result<Vec<String>, pgkeel_connect::Error> {
    let connection = shadow.connection();
    let counts = "
        select string_agg(format('select %L || count(*) from only %I.%I having count(*) > 0',
                                 format('%I.%I with rows: ', nspname, relname), nspname, relname), ' union all ')
          from pg_catalog.pg_class join pg_catalog.pg_namespace as n on n.oid = relnamespace
         where relkind = 'r' and relpersistence <> 't'
           and nspname not in ('pg_catalog', 'information_schema', 'pgkeel')";
    let counts: Option<String> = connection.query_scalar(counts, &[]).await?;
    let history = format!(
        "select format('V%s__%s with checksum %s', version, name, checksum) from {}",
        Home::default().tables().history
    );
    let all = counts.map_or(history.clone(), |counts| format!("{history} union all {counts}"));
    let rows = connection.query(&format!("{all} order by 1"), &[]).await?;
    Ok(rows.iter().filter_map(|row| row.try_get(0).ok()).collect())
}
