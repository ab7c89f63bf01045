//! With no database named, a private one is started, kept and left without a trace.

use std::path::Path;

use pgkeel_testkit::eventually;
use rustix::process::Signal;
use tokio::net::TcpStream;

use crate::http::get;
use crate::program::{Serving, data_dir};

/// The process of the private server, while there is one.
fn postmaster(data_dir: &Path) -> Option<u32> {
    let data = std::fs::read_dir(data_dir).ok()?.flatten().map(|entry| entry.path());
    let named =
        |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("data-"));
    let mut data = data.filter(|path| path.is_dir() && named(path));
    let pid_file = std::fs::read_to_string(data.next()?.join("postmaster.pid")).ok()?;
    let pid: i32 = pid_file.lines().next()?.trim().parse().ok()?;
    let alive = rustix::process::test_kill_process(rustix::process::Pid::from_raw(pid)?).is_ok();
    alive.then(|| pid.unsigned_abs())
}

async fn connected(serving: &Serving) {
    eventually("the database is connected", async || {
        let (status, body) = get(serving.address, "/health").await;
        (status == 200 && body.contains("connected")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn it_serves_says_so_in_one_line_and_leaves_nothing_behind_on_sigterm() {
    let directory = data_dir();
    let serving = Serving::private(directory.path()).await;
    assert!(serving.line.contains("a private PostgreSQL") && serving.line.contains("for development only"));
    connected(&serving).await;
    assert!(postmaster(directory.path()).is_some());
    let (status, metrics) = get(serving.address, "/metrics").await;
    let families = metrics.lines().filter(|line| line.starts_with("# TYPE")).count();
    assert_eq!(status, 200);
    assert!(families >= 20, "{families} families");

    let address = serving.address;
    serving.send(Signal::TERM);
    let (status, log) = serving.ended().await;
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert_eq!(postmaster(directory.path()), None);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn it_comes_up_again_after_being_killed_and_after_ctrl_c() {
    let directory = data_dir();
    let first = Serving::private(directory.path()).await;
    connected(&first).await;
    first.send(Signal::KILL);
    drop(first);

    let second = Serving::private(directory.path()).await;
    connected(&second).await;
    second.send(Signal::INT);
    let (status, log) = second.ended().await;
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert_eq!(postmaster(directory.path()), None);
}

#[tokio::test]
async fn two_share_one_server_and_the_last_one_ends_it() {
    let directory = data_dir();
    let first = Serving::private(directory.path()).await;
    let server = postmaster(directory.path());
    let second = Serving::private(directory.path()).await;
    connected(&second).await;
    first.send(Signal::TERM);
    assert_eq!(first.ended().await.0.code(), Some(0));
    connected(&second).await;
    assert_eq!(postmaster(directory.path()), server);
    second.send(Signal::TERM);
    assert_eq!(second.ended().await.0.code(), Some(0));
    assert_eq!(postmaster(directory.path()), None);
}
