//! A transaction a request, in a service on a real listener: whatever ends a request without a commit rolls it back.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use pgkeel_pool::{Error, Executor as _, Pool, Transaction as _};
use pgkeel_testkit::{TestDatabase, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

#[expect(dead_code, reason = "the example's own `main`")]
#[path = "../../examples/axum_service.rs"]
mod axum_service;

use axum_service::{DbTx, Refusal, service};

struct Shop {
    pool: Pool,
    at: SocketAddr,
    serving: JoinHandle<()>,
    _database: TestDatabase,
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

const ORDER: &str = "insert into orders(item) values (1)";

/// Handlers that end in the ways in which handlers end.
fn mishaps(pool: Pool) -> Router {
    Router::new()
        .route("/nothing", post(async |DbTx(_): DbTx| "no database needed"))
        .route(
            "/forgets",
            post(async |DbTx(tx): DbTx| {
                tx.execute(ORDER, &[]).await?;
                Ok::<_, Refusal>("a success that was not committed")
            }),
        )
        .route(
            "/panics",
            post(async |DbTx(tx): DbTx| {
                tx.execute(ORDER, &[]).await?;
                assert_eq!(tx.query_scalar::<i32>("select 1", &[]).await?, 2, "as a bug would");
                tx.commit().await?;
                Ok::<_, Refusal>(())
            }),
        )
        .route(
            "/hangs",
            post(async |DbTx(tx): DbTx| {
                tx.execute(ORDER, &[]).await?;
                tx.execute("select pg_sleep(60)", &[]).await?;
                tx.commit().await?;
                Ok::<_, Refusal>(())
            }),
        )
        .with_state(pool)
}

async fn open() -> Shop {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database, 2, 0);
    pool.batch_execute(
        "create table stock(item int primary key, left_over int);
         create table orders(id int generated always as identity primary key, item int);
         insert into stock values (1, 2)",
    )
    .await
    .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let routes = service(pool.clone()).merge(mishaps(pool.clone()));
    let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    Shop { pool, at, serving, _database: database }
}

impl Shop {
    async fn ask(&self, path: &str) -> TcpStream {
        let mut client = TcpStream::connect(self.at).await.unwrap();
        let request =
            format!("POST {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        client
    }

    /// The status of the answer; empty if there was none.
    async fn post(&self, path: &str) -> String {
        let mut answer = String::new();
        let _ = self.ask(path).await.read_to_string(&mut answer).await;
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    }

    async fn orders(&self) -> i64 {
        self.pool.query_scalar("select count(*) from orders", &[]).await.unwrap()
    }

    async fn is_idle(&self) {
        eventually("no session is in use", async || {
            let stats = self.pool.stats();
            (stats.in_use + stats.resetting == 0).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn what_was_answered_as_done_is_committed_and_a_refusal_takes_everything_back() {
    let shop = open().await;
    assert_eq!(shop.post("/orders/1").await, "201");
    assert_eq!(shop.post("/orders/1").await, "201");
    assert_eq!(shop.post("/orders/1").await, "409");
    assert_eq!(shop.post("/orders/9").await, "404");
    assert_eq!(shop.orders().await, 2);
    let left: i32 = shop.pool.query_scalar("select left_over from stock", &[]).await.unwrap();
    assert_eq!(left, 0);
    shop.is_idle().await;
}

#[tokio::test]
async fn a_request_that_needs_no_database_takes_no_session() {
    let shop = open().await;
    let acquires = shop.pool.stats().acquires_total;
    assert_eq!(shop.post("/nothing").await, "200");
    assert_eq!(shop.pool.stats().acquires_total, acquires);
}

#[tokio::test]
async fn without_commit_nothing_stays_even_of_a_success() {
    let shop = open().await;
    assert_eq!(shop.post("/forgets").await, "200");
    shop.is_idle().await;
    assert_eq!(shop.orders().await, 0);
}

#[tokio::test]
async fn a_panic_rolls_back() {
    let shop = open().await;
    assert_eq!(shop.post("/panics").await, "");
    shop.is_idle().await;
    assert_eq!(shop.orders().await, 0);
}

#[tokio::test]
async fn a_client_that_goes_away_rolls_back_and_its_statement_is_cancelled() {
    let shop = open().await;
    let client = shop.ask("/hangs").await;
    let busy = "select count(*) from pg_stat_activity where datname = current_database() and query ~ '^select pg_sleep'
        and state = 'active'";
    eventually("the handler is at work", async || {
        (shop.pool.query_scalar::<i64>(busy, &[]).await.unwrap() == 1).then_some(())
    })
    .await;
    drop(client);
    let over = async || (shop.pool.query_scalar::<i64>(busy, &[]).await.unwrap() == 0).then_some(());
    eventually("the server does not work for it any more", over).await;
    shop.is_idle().await;
    assert_eq!(shop.orders().await, 0);
}

#[tokio::test]
async fn with_no_session_left_the_client_is_told_to_come_back() {
    let shop = open().await;
    shop.pool.reload(shop.pool.config().as_ref().clone().with_timeout(Duration::from_millis(50)));
    let _all: [Result<_, Error>; 2] = [shop.pool.session().await, shop.pool.session().await];
    assert_eq!(shop.post("/orders/1").await, "503");
}
