//! A demo that is stopped while it is filled leaves nothing, however it is stopped.

use pgkeel_connect::{Connection, Executor as _};
use pgkeel_testkit::{PATIENCE, TestDatabase, eventually};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;
use tokio::time::timeout;

use crate::program::{Serving, pgkeel, url};

fn variables<'a>(address: &'a str, database: &'a str) -> [(&'a str, &'a str); 3] {
    [("DATABASE_URL", address), ("PGKEEL_DEMO", "true"), ("PGKEEL_DEMO_DATABASE", database)]
}

/// The binary, just as it writes the lines of orders.
async fn filling(address: &str, database: &str) -> Child {
    let words = ["serve", "--health-listen", "127.0.0.1:0"];
    let mut child = pgkeel(&words, &variables(address, database)).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let reached = async {
        while let Some(line) = log.next_line().await.unwrap() {
            if line.contains("writing the lines of orders") {
                return;
            }
        }
        panic!("it ended before it wrote the lines of orders");
    };
    timeout(PATIENCE, reached).await.expect("in time");
    // Somebody has to read on, or its next words would have nowhere to go.
    tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
    child
}

fn kill(child: &Child, signal: Signal) {
    kill_process(Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap(), signal).unwrap();
}

async fn databases(admin: &Connection, name: &str) -> i64 {
    let sql = "select count(*) from pg_database where datname like $1 || '%'";
    admin.query_scalar(sql, &[&name]).await.unwrap()
}

#[tokio::test]
async fn ctrl_c_and_sigterm_end_it_soon_and_leave_no_database() {
    let server = TestDatabase::empty().await;
    let address = url(server.address());
    for (signal, name) in [(Signal::INT, "cut_by_int"), (Signal::TERM, "cut_by_term")] {
        let mut child = filling(&address, name).await;
        kill(&child, signal);
        let status = timeout(PATIENCE, child.wait()).await.expect("it ends in time").unwrap();
        assert_eq!(status.code(), Some(0));
        assert_eq!(databases(&server.connection().await, name).await, 0);
    }
}

#[tokio::test]
async fn what_a_killed_one_has_left_is_dropped_and_made_again_by_the_next() {
    let server = TestDatabase::empty().await;
    let (address, name) = (url(server.address()), "cut_by_kill");
    let mut child = filling(&address, name).await;
    kill(&child, Signal::KILL);
    timeout(PATIENCE, child.wait()).await.expect("it ends in time").unwrap();
    let admin = server.connection().await;
    assert_eq!(databases(&admin, name).await, 1, "nobody was there to drop it");

    let serving = Serving::start(&variables(&address, name)).await;
    let dropped = "dropped \"cut_by_kill_filling\", which a process that was killed had left";
    assert!(serving.before.iter().any(|line| line.contains(dropped)), "{:?}", serving.before);
    assert_eq!(databases(&admin, name).await, 1);
    serving.send(Signal::TERM);
    assert_eq!(serving.ended().await.0.code(), Some(0));
}

#[tokio::test]
async fn killed_in_the_moment_of_the_start_it_leaves_nothing_that_is_in_the_way() {
    let server = TestDatabase::empty().await;
    let (address, name) = (url(server.address()), "cut_at_once");
    let admin = server.connection().await;
    for _ in 0..pgkeel_testkit::scaled(3, 30) {
        let words = ["serve", "--health-listen", "127.0.0.1:0"];
        let mut child = pgkeel(&words, &variables(&address, name)).spawn().unwrap();
        eventually("there is a database", async || (databases(&admin, name).await > 0).then_some(())).await;
        child.start_kill().unwrap();
        timeout(PATIENCE, child.wait()).await.expect("it ends in time").unwrap();
    }
    let serving = Serving::start(&variables(&address, name)).await;
    serving.send(Signal::TERM);
    assert_eq!(serving.ended().await.0.code(), Some(0));
}
