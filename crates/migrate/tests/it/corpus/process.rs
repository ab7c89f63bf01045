//! The corpus applied by a process of its own, which others start, in numbers, and kill.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pgkeel_connect::{Address, Config, HostName, dial};
use pgkeel_migrate::Migrator;

use super::files::Corpus;
use crate::snapshot::major;

const ADDRESS: &str = "PGKEEL_MIGRATE_CORPUS_ADDRESS";
const STEPS: &str = "PGKEEL_MIGRATE_CORPUS_STEPS";

/// On its own it does nothing.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test program is steered by its environment")]
async fn one_process_applies_the_corpus() {
    let (Ok(address), Ok(steps)) = (std::env::var(ADDRESS), std::env::var(STEPS)) else { return };
    let config = Config::new(address.parse::<Address>().unwrap());
    let connection = dial(&config).await.unwrap();
    let corpus = Corpus::for_server(major(&connection).await).first(steps.parse().unwrap());
    connection.close().await;
    // Of many on a busy machine the last may wait long.
    let migrator = Migrator::new(config, corpus.migrations()).with_lock_wait(Duration::from_mins(5));
    migrator.up().await.unwrap();
}

/// Starts one that applies the first so many steps.
pub(super) fn start(address: &Address, steps: usize) -> Child {
    let host = &address.hosts()[0];
    let HostName::Socket(socket) = host.name() else { panic!("the server of tests listens on a socket") };
    let (user, name) = (address.user(), address.database());
    let url = format!("postgresql://{user}@/{name}?host={}&port={}", socket.display(), host.port());
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "corpus::process::one_process_applies_the_corpus"]);
    program.env(ADDRESS, url).env(STEPS, steps.to_string());
    program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}
