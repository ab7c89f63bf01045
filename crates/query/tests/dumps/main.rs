//! With `pg_dump` and `pg_restore`, which have to be where the server's own programs are. `cargo test` leaves this out.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

mod retired_key;

use std::path::Path;
use std::process::Command;

use pgkeel_query::Executor as _;
use pgkeel_query::connect::{Address, Connection, HostName};

/// Runs a program of the server's on this database.
async fn run(program: &str, options: &[&str], address: &Address, connection: &Connection) {
    let directory: String =
        connection.query_scalar("select setting from pg_config() where name = 'BINDIR'", &[]).await.unwrap();
    let beside = Path::new(&directory).join(program);
    let HostName::Socket(socket) = address.hosts()[0].name() else { panic!("test databases have a socket") };
    let mut command = Command::new(if beside.is_file() { beside.as_path() } else { Path::new(program) });
    command.arg("--host").arg(socket).arg("--port").arg(address.hosts()[0].port().to_string());
    command.args(["--username", address.user(), "--dbname", address.database()]).args(options);
    let output = command.output().expect("the server's client programs are installed");
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}
