//! Migrations against a real PostgreSQL. A module a behaviour.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

mod adopt;
mod apply;
mod backfill;
mod cli;
mod checkpoints;
mod code;
mod conflicts;
mod corpus;
mod crash;
mod defaults;
mod destructive;
mod directives;
mod down;
mod drift;
mod dropped;
mod dry_run;
mod edits;
mod failures;
#[cfg(unix)]
mod frozen;
mod generated;
mod handover;
mod hooks;
mod hostile;
mod interop;
mod libraries;
mod lint;
mod log;
#[cfg(target_os = "linux")]
mod memory;
mod messages;
mod out_of_band;
mod outage;
mod outside;
mod own_schema;
mod plan;
mod progress;
mod proofs;
mod put_off;
mod race;
mod repeatables;
mod readiness;
mod recorded;
mod relay;
mod retry;
mod scale;
mod secrecy;
mod splitting;
mod squash;
mod standby;
mod stop;
mod templates;
mod tenants;
mod times;
mod together;
mod upgrade;
mod verify_files;
mod shadows;
mod snapshot;

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Migration, Migrations, Migrator};
use pgkeel_testkit::TestDatabase;

/// The history, as everybody writes it.
const HISTORY: &str = "pgkeel.refinery_schema_history";

/// Without a record of the schema, which takes as long as all the rest of a few files.
fn migrator(database: &TestDatabase, files: &[(&str, &str)]) -> Migrator {
    recording(database, files).without_record()
}

/// As anybody makes one.
fn recording(database: &TestDatabase, files: &[(&str, &str)]) -> Migrator {
    Migrator::new(database.config(), Migrations::from_static(files).unwrap())
}

/// A file whose statements run one by one.
fn outside(sql: &str) -> String {
    format!("-- pgkeel: transaction=off\n{sql}")
}

/// A number that the database answers.
async fn count(database: &TestDatabase, sql: &str) -> i64 {
    database.onlooker().await.query_scalar(sql, &[]).await.unwrap()
}

/// The versions in the history.
async fn history(database: &TestDatabase) -> Vec<i64> {
    let sql = format!("select version from {HISTORY} order by version");
    let rows = database.onlooker().await.query(&sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn has_table(database: &TestDatabase, table: &str) -> bool {
    let sql = format!("select to_regclass('{table}') is not null");
    database.onlooker().await.query_scalar(&sql, &[]).await.unwrap()
}

/// How many sessions hold an advisory lock.
async fn locks(database: &TestDatabase) -> i64 {
    let sql = "select count(*) from pg_locks l join pg_database d on d.oid = l.database
               where locktype = 'advisory' and datname = current_database()";
    count(database, sql).await
}

fn versions<'a>(migrations: impl IntoIterator<Item = &'a Migration>) -> Vec<i64> {
    migrations.into_iter().map(Migration::version).collect()
}
