//! What passes over an encrypted connection once it is there.

use std::time::Duration;

use pgkeel_connect::{Begin as _, Error, Executor as _, TransactionStatus, TxOptions, dial};
use pgkeel_testkit::{Direction, Proxy, TestCluster, eventually};

use super::authority::Authority;
use super::server::{Told, at, enter, server};

async fn encrypted() -> TestCluster {
    let pair = Authority::new("ours").server(&["localhost"]);
    server(Told { pair: Some(&pair), ..Told::default() }).await
}

#[tokio::test]
async fn the_transaction_status_is_read_above_tls() {
    let cluster = encrypted().await;
    let mut connection = enter(&cluster, "sslmode=require").await.unwrap();
    assert_eq!(connection.transaction_status(), TransactionStatus::Idle);
    connection.batch_execute("begin").await.unwrap();
    assert_eq!(connection.transaction_status(), TransactionStatus::Open);
    connection.query("select 1/0", &[]).await.unwrap_err();
    connection.settle().await.unwrap();
    assert_eq!(connection.transaction_status(), TransactionStatus::Failed);
    connection.batch_execute("rollback").await.unwrap();
    assert_eq!(connection.transaction_status(), TransactionStatus::Idle);
    let tx = (&mut connection).begin_with(TxOptions::default()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(connection.transaction_status(), TransactionStatus::Idle);
}

#[tokio::test]
async fn the_server_sees_the_same_encryption() {
    let cluster = encrypted().await;
    let connection = enter(&cluster, "sslmode=require").await.unwrap();
    let asked = "select version from pg_stat_ssl where pid = pg_backend_pid() and ssl";
    let version: String = connection.query_scalar(asked, &[]).await.unwrap();
    let tls = connection.tls().unwrap();
    assert_eq!(tls.version(), version);
    assert!(tls.to_string().starts_with(&format!("{version} (TLS")), "{tls}");
}

#[tokio::test]
async fn megabytes_go_both_ways() {
    let cluster = encrypted().await;
    let connection = enter(&cluster, "sslmode=require").await.unwrap();
    let long: String = ('a'..='z').cycle().take(1 << 20).collect();
    let back: String = connection.query_scalar("select $1::text", &[&long]).await.unwrap();
    assert!(back == long);
    let rows: i64 =
        connection.query_scalar("select count(*) from generate_series(1, 1000)", &[]).await.unwrap();
    assert_eq!(rows, 1000);
}

#[tokio::test]
async fn a_line_that_is_cut_is_noticed_wherever_it_is_cut() {
    let cluster = encrypted().await;
    for bytes in [0, 1, 100, 5_000, 50_000] {
        let proxy = Proxy::before(cluster.address()).await;
        let connection =
            dial(&at(proxy.address().hosts()[0].port(), "sslmode=require").unwrap()).await.unwrap();
        connection.batch_execute("begin").await.unwrap();
        proxy.cut_after(Direction::ToClient, bytes);
        let error = connection.query("select repeat('x', 100000)", &[]).await.unwrap_err();
        assert!(matches!(error, Error::Closed { .. }), "{bytes}: {error:?}");
        eventually("the end is known", async || connection.close_reason().map(|_| ())).await;
    }
}

#[tokio::test]
async fn a_line_that_goes_silent_ends_a_dial_at_its_deadline() {
    let cluster = encrypted().await;
    let proxy = Proxy::before(cluster.address()).await;
    proxy.black_hole();
    let config = at(proxy.address().hosts()[0].port(), "sslmode=prefer").unwrap();
    let error = dial(&config.with_connect_timeout(Duration::from_millis(200))).await.unwrap_err();
    assert!(matches!(error, Error::DialTimeout { step: pgkeel_connect::DialStep::Tls, .. }), "{error:?}");
}

#[tokio::test]
async fn closing_says_good_bye_to_tls_as_well() {
    let cluster = encrypted().await;
    let other = enter(&cluster, "sslmode=disable").await.unwrap();
    for _ in 0..5 {
        let gone = enter(&cluster, "sslmode=require").await.unwrap();
        gone.batch_execute("select 1").await.unwrap();
        drop(gone);
    }
    eventually("the sessions are gone", async || {
        let there: i64 = other.query_scalar("select count(*) from pg_stat_ssl where ssl", &[]).await.unwrap();
        (there == 0).then_some(())
    })
    .await;
    let log = cluster.log();
    for complaint in ["unexpected EOF", "SSL error", "could not receive data", "incomplete"] {
        assert!(!log.contains(complaint), "{log}");
    }
}

#[tokio::test]
async fn a_session_that_the_server_ends_knows_why() {
    let cluster = encrypted().await;
    let (victim, other) = (enter(&cluster, "sslmode=require").await.unwrap(), cluster.connection().await);
    let ended: bool = other
        .query_scalar("select pg_terminate_backend($1)", &[&victim.backend_pid().unwrap()])
        .await
        .unwrap();
    assert!(ended);
    let reason = eventually("the reason is kept", async || victim.close_reason().cloned()).await;
    assert!(matches!(reason, pgkeel_connect::CloseReason::Server(_)), "{reason}");
}

#[tokio::test]
async fn a_cancel_request_is_encrypted_if_its_session_is() {
    let cluster = encrypted().await;
    let proxy = Proxy::before(cluster.address()).await;
    let config = at(proxy.address().hosts()[0].port(), "sslmode=require").unwrap();
    let connection = dial(&config).await.unwrap();
    connection.batch_execute("select 1").await.unwrap();
    let before = proxy.passed(Direction::ToServer);
    let canceller = connection.canceller();
    canceller.cancel(Duration::from_secs(30)).await.unwrap();
    // In the clear it has 16 bytes.
    assert!(proxy.passed(Direction::ToServer) - before > 200);
    let (slept, answered) = tokio::join!(connection.batch_execute("select pg_sleep(60)"), async {
        let other = enter(&cluster, "sslmode=disable").await.unwrap();
        eventually("the statement runs", async || {
            let running =
                "select exists(select from pg_stat_activity where pid = $1 and wait_event = 'PgSleep')";
            let pid = connection.backend_pid().unwrap();
            other.query_scalar::<bool>(running, &[&pid]).await.unwrap().then_some(())
        })
        .await;
        canceller.cancel(Duration::from_secs(30)).await
    });
    answered.unwrap();
    assert_eq!(slept.unwrap_err().code(), Some(&tokio_postgres::error::SqlState::QUERY_CANCELED));
}
