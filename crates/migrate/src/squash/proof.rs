//! Two shadows side by side.

use std::time::Duration;

use pgkeel_connect::{Config, Executor as _};
use tokio::time::timeout;

use super::Squasher;
use super::body::Body;
use super::contents::Contents;
use crate::proof::server_wide;
use crate::run::by_own_names;
use crate::state::Home;
use crate::{
    Aspect, Differences, Error, Event, Fingerprint, LockFile, Migration, Migrations, Migrator, Scope, Shadow,
    Snapshot, Stop, VerifyError, VerifyStep,
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
    /// The history, how many rows each table has, and where each sequence is.
    rows: Vec<String>,
    contents: Contents,
}

impl Made {
    /// What another one lacks of this or has besides, in words; and what is different in the schema. Values may be of the
    /// moment, as those of `now()` are: only if there are others, the files are run once `more`, to see whether they make the
    /// same each time.
    pub(crate) async fn beside(
        &self,
        other: &Self,
        more: impl AsyncFnOnce() -> Result<Self, VerifyError>,
    ) -> Result<Option<(Differences, Vec<String>)>, VerifyError> {
        let differences = Differences::between(&self.all, &other.all);
        let lacks = self.rows.iter().filter(|row| !other.rows.contains(row)).map(|row| format!("not {row}"));
        let has = other.rows.iter().filter(|row| !self.rows.contains(row)).map(|row| format!("but {row}"));
        let mut rows: Vec<String> = lacks.chain(has).collect();
        if differences.is_empty() && rows.is_empty() && self.contents != other.contents {
            let more = Box::pin(more()).await?;
            let columns = self.contents.same_in(&more.contents).other_in(&other.contents);
            rows.extend(columns.map(|column| format!("other values in {column}")));
        }
        Ok((!differences.is_empty() || !rows.is_empty()).then_some((differences, rows)))
    }
}

/// Where shadows are made, and until when.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) server: &'a Config,
    pub(crate) is_private: bool,
    pub(crate) stop: &'a Stop,
}

/// Who is told what happens in the shadows.
pub(crate) type Observe<'a> = dyn FnMut(Event<'_>) + Send + 'a;

/// Runs both, and returns the fingerprint of the schema.
pub(super) async fn prove(
    squasher: &Squasher,
    chain: &[Migration],
    checkpoint: &Migration,
    body: Option<&Body>,
    observe: &mut Observe<'_>,
) -> Result<Fingerprint, VerifyError> {
    let (server, is_private, stop) = (&squasher.server, squasher.is_private, &squasher.stop);
    let (ground, files) = (Ground { server, is_private, stop }, &squasher.migrations);
    let lock = squasher.lock.as_ref();
    let scope = lock.map_or_else(Scope::default, |lock| lock.scope().clone());
    let expected = make(ground, files.of_these(chain), &scope, observe).await?;
    let (schema, version) = (expected.schema.fingerprint(), checkpoint.version());
    let locked = lock.filter(|lock| lock.major() == expected.schema.major());
    // Files that came later, below a checkpoint, are not in what its own line says.
    let of_itself =
        |lock: &LockFile| lock.checkpoints().iter().find(|it| it.version == version).map(|it| it.schema);
    let locked = locked.and_then(|lock| of_itself(lock).or_else(|| lock.schema_after(version, &[])));
    if locked.is_some_and(|locked| locked != schema) {
        return Err(VerifyError::StaleLock { version });
    }
    let found = make(ground, files.of_these(std::slice::from_ref(checkpoint)), &scope, observe).await;
    let found = found.map_err(|error| not_in_one(error, checkpoint, body))?;
    let more = async || make(ground, files.of_these(chain), &scope, observe).await;
    match expected.beside(&found, more).await? {
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
    ground: Ground<'_>,
    files: Migrations,
    scope: &Scope,
    observe: &mut Observe<'_>,
) -> Result<Made, VerifyError> {
    if !ground.is_private {
        server_wide::refuse(&files)?;
    }
    let shadow = Shadow::create_unless(ground.server, ground.stop).await?;
    let made = make_in(&shadow, (files, ground.stop), scope, observe);
    let made = shadow.cancelling(ground.stop, made).await;
    shadow.end(made, ground.stop).await
}

async fn make_in(
    shadow: &Shadow,
    (files, stop): (Migrations, &Stop),
    scope: &Scope,
    observe: &mut Observe<'_>,
) -> Result<Made, VerifyError> {
    let migrator = Migrator::new(shadow.config().clone(), files).accepting_destructive().without_record();
    migrator.with_stop(stop.clone()).up_with(observe).await?;
    let everything = [Aspect::Owners, Aspect::Population, Aspect::Tablespaces];
    let everything = everything.into_iter().fold(Scope::default(), Scope::with);
    let all = Snapshot::take(shadow.connection(), &everything).await?;
    let schema = Snapshot::take(shadow.connection(), scope).await?;
    let look = async { Ok((rows(shadow).await?, Contents::of(shadow).await?)) };
    match timeout(COUNT, Box::pin(by_own_names(shadow.connection(), look))).await {
        Ok(Ok((rows, contents))) => Ok(Made { all, schema, rows, contents }),
        Ok(Err(source)) => Err(VerifyError::Server { step: VerifyStep::Count, source }),
        Err(_) => Err(VerifyError::NoAnswer { step: VerifyStep::Count, waited: COUNT }),
    }
}

/// The history as a line a version, a line a table that has rows, and a line a sequence that was asked.
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
    let sequences =
        "select format('%I.%I at %s', schemaname, sequencename, last_value) from pg_catalog.pg_sequences
        where last_value is not null and schemaname <> 'pgkeel'";
    let all = [Some(history.as_str()), counts.as_deref(), Some(sequences)];
    let all = all.into_iter().flatten().collect::<Vec<_>>().join(" union all ");
    // sql: names are quoted by the server, or literals of ours
    let rows = connection.query(&format!("{all} order by 1"), &[]).await?;
    Ok(rows.iter().filter_map(|row| row.try_get(0).ok()).collect())
}
