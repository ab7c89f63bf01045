//! Being stopped at awkward moments.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use pgkeel_testkit::{PATIENCE, TestDatabase, eventually};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::timeout;

use crate::program::{Serving, data_dir, pgkeel, url};

#[tokio::test]
async fn a_log_that_nobody_reads_does_not_change_how_it_ends() {
    let database = TestDatabase::empty().await;
    let serving = Serving::start(&[("DATABASE_URL", &url(database.address()))]).await;
    assert_eq!(serving.ended_unheard().await.code(), Some(0));
}

fn script(path: &Path, text: &str) {
    std::fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Binaries whose `initdb` says that it runs and then takes as long as the file is there.
fn slow_binaries(directory: &Path) {
    let running = directory.join("running");
    script(&directory.join("postgres"), "echo 'postgres (PostgreSQL) 15.99'");
    let wait = format!("touch '{0}'; while [ -e '{0}' ]; do sleep 0.05; done; exit 1", running.display());
    script(&directory.join("initdb"), &wait);
}

#[tokio::test]
async fn a_signal_while_the_private_server_starts_ends_it_at_once() {
    let (binaries, data) = (data_dir(), data_dir());
    slow_binaries(binaries.path());
    let variables = [
        ("PGKEEL_PG_BINDIR", binaries.path().to_str().unwrap()),
        ("PGKEEL_PG_DATA_DIR", data.path().to_str().unwrap()),
    ];
    let mut child = pgkeel(&["serve", "--health-listen", "127.0.0.1:0"], &variables).spawn().unwrap();
    let running = binaries.path().join("running");
    eventually("initdb runs", async || running.exists().then_some(())).await;
    let pid = Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let status = timeout(PATIENCE, child.wait()).await.expect("it ends in time").unwrap();
    assert!(running.exists(), "it ended before initdb did");
    assert_eq!(status.code(), Some(0));
    std::fs::remove_file(running).unwrap();
}
