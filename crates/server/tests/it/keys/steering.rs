//! Rotations that are stopped, killed, paused and cancelled.

use std::process::Stdio;

use pgkeel_connect::Executor as _;
use pgkeel_testkit::{PATIENCE, eventually};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;
use tokio::time::timeout;

use super::operator::{Made, Operator};
use crate::program::pgkeel;

const ROWS: i64 = 2_000;

/// Users under the old key, a keyring whose primary is the new one.
async fn to_rotate() -> (Operator, Made) {
    let (operator, old) = Operator::with_users(ROWS).await;
    let new = operator.new_key("second").await;
    operator.keyring(&[(&old, "decrypt"), (&new, "primary")]);
    (operator, new)
}

/// So gently that it does not end before something happens to it.
fn rotate(operator: &Operator) -> Child {
    let (address, keyring) = (operator.address(), operator.file("keyring.toml"));
    let variables = [("DATABASE_URL", address.as_str()), ("PGKEEL_KEYRING", &keyring)];
    let words = ["keys", "rotate", "--rows-per-second", "20"];
    pgkeel(&words, &variables).stdout(Stdio::piped()).spawn().unwrap()
}

/// The number of the rotation, once this one works on it.
async fn begun(operator: &Operator, child: &Child) -> String {
    let connection = operator.connection().await;
    let owner = format!("pgkeel keys rotate {}-1", child.id().unwrap());
    let sql = "select rotation_id::text from pgkeel.rotation_range where owner = $1 and rewritten > 0";
    eventually("it has sealed something anew", async || {
        let rows = connection.query(sql, &[&owner]).await.unwrap();
        rows.first().map(|row| row.get(0))
    })
    .await
}

async fn ended(child: Child) -> (Option<i32>, String) {
    let ended = timeout(PATIENCE, child.wait_with_output()).await.expect("it ends in time").unwrap();
    let text = [ended.stdout, ended.stderr].concat();
    (ended.status.code(), String::from_utf8(text).unwrap())
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap(), signal).unwrap();
}

#[tokio::test]
async fn one_that_is_stopped_or_killed_goes_on_where_it_was() {
    let (operator, new) = to_rotate().await;
    let mut number = String::new();
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let child = rotate(&operator);
        number = begun(&operator, &child).await;
        send(&child, signal);
        let (code, said) = ended(child).await;
        if signal == Signal::KILL {
            assert_eq!(code, None);
        } else {
            assert_eq!(code, Some(1), "{said}");
            assert!(said.contains("stopped in app.users.email: what is done stays so"), "{said}");
        }
        // Nobody waits for what the one that is gone was leased.
        let release = "update pgkeel.rotation_range set heartbeat_at = null";
        operator.connection().await.batch_execute(release).await.unwrap();
    }
    let rotated = operator.says(&["rotate", "--json"]).await.json();
    assert_eq!(rotated[0]["rotation"]["id"].to_string(), number, "the same rotation");
    assert_eq!(rotated[0]["rotation"]["counts"]["rewritten"], ROWS);
    let verified = operator.done(&["verify"]).await;
    assert!(verified.contains(&format!("({ROWS} under {}), all sound", new.id)), "{verified}");
}

#[tokio::test]
async fn two_are_paused_resumed_and_cancelled_from_anywhere() {
    let (operator, _) = to_rotate().await;
    let connection = operator.connection().await;
    let first = rotate(&operator);
    let number = begun(&operator, &first).await;
    let second = rotate(&operator);
    assert_eq!(operator.done(&["pause", &number]).await, format!("rotation {number} is paused\n"));
    eventually("both wait", async || {
        let sql = "select count(*) from pg_stat_activity
            where datname = current_database() and query like 'select state, pass, ranges%'";
        let waiting: i64 = connection.query_scalar(sql, &[]).await.unwrap();
        (waiting == 2).then_some(())
    })
    .await;
    assert!(operator.done(&["status"]).await.contains("paused"));
    assert_eq!(operator.done(&["resume", &number]).await, format!("rotation {number} is running\n"));
    let cancelled = operator.says(&["cancel", &number, "--json"]).await.json();
    assert_eq!(cancelled["state"], "cancelled");
    for child in [first, second] {
        let (code, said) = ended(child).await;
        assert!(code == Some(1) && said.contains("app.users.email: cancelled ("), "{said}");
    }
    let over = operator.refused(1, &["cancel", &number]).await;
    let expected =
        format!("cancelling rotation {number}: no rotation {number} is under way; `pgkeel keys status`");
    assert!(over.contains(&expected), "{over}");
}
