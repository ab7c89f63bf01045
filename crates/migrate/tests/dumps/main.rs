//! Snapshots beside `pg_dump`, which has to be where the server's own programs are. `cargo test` leaves this out.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

#[path = "../it/snapshot/cases.rs"]
mod cases;
mod changes;
mod corpus;
mod dry_runs;
#[path = "../it/corpus/files.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod files;
#[path = "../it/progress.rs"]
mod progress;
#[path = "../it/snapshot/shuffled.rs"]
mod shuffled;

use std::path::Path;
use std::process::Command;

use pgkeel_connect::{Address, Connection, Executor as _, HostName};
use pgkeel_migrate::{Aspect, Scope, Snapshot};
use pgkeel_testkit::TestDatabase;

use crate::shuffled::EVERYTHING;

async fn everything() -> TestDatabase {
    let fill = async |connection: &Connection| connection.batch_execute(EVERYTHING).await.unwrap();
    TestDatabase::migrated("everything", fill).await
}

async fn snapshot(connection: &Connection) -> Snapshot {
    let scope = Scope::default().with(Aspect::Owners).with(Aspect::Population).with(Aspect::Tablespaces);
    Snapshot::take(connection, &scope).await.unwrap()
}

async fn major(connection: &Connection) -> u32 {
    let number: i32 =
        connection.query_scalar("select current_setting('server_version_num')::int4", &[]).await.unwrap();
    number.unsigned_abs() / 10_000
}

/// The schema as `pg_dump` has it, without what differs between two dumps of one database.
async fn dump(address: &Address, connection: &Connection) -> String {
    dump_with(&["--schema-only"], address, connection).await
}

/// The same with more or less in it.
async fn dump_with(options: &[&str], address: &Address, connection: &Connection) -> String {
    let directory: String =
        connection.query_scalar("select setting from pg_config() where name = 'BINDIR'", &[]).await.unwrap();
    let beside = Path::new(&directory).join("pg_dump");
    let program = if beside.is_file() { beside } else { "pg_dump".into() };
    let HostName::Socket(socket) = address.hosts()[0].name() else { panic!("test databases have a socket") };
    let mut command = Command::new(program);
    command
        .arg("--exclude-schema=pgkeel")
        .args(options)
        .arg("--host")
        .arg(socket)
        .arg("--port")
        .arg(address.hosts()[0].port().to_string());
    command.args(["--username", address.user(), address.database()]);
    let output = command.output().expect("pg_dump is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let is_schema = |line: &&str| {
        !["--", "\\restrict", "\\unrestrict"].iter().any(|start| line.starts_with(start)) && !line.is_empty()
    };
    text.lines().filter(is_schema).collect::<Vec<_>>().join("\n")
}
