//! An axum service in which each request has a transaction, begun when it is first needed and committed by nothing but
//! `commit`.
//!
//! Run `DATABASE_URL=… cargo run -p pgkeel-pool --example axum_service`, then
//! `curl -X POST http://127.0.0.1:3000/orders/7`.

use std::convert::Infallible;

use axum::Router;
use axum::extract::{FromRef, FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use pgkeel_pool::{Config, Error, Executor as _, Pool, RequestTx, Transaction as _, TxOptions};

/// The request's transaction.
///
/// Whatever ends the handler without `commit`, drops this, which rolls back: an error on the way out, a panic, and a
/// client that goes away, for which the server drops the handler half-way.
pub(crate) struct DbTx(pub(crate) RequestTx);

impl<S> FromRequestParts<S> for DbTx
where
    Pool: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self(RequestTx::new(&Pool::from_ref(state), TxOptions::new())))
    }
}

/// What a client is told instead of a result.
pub(crate) enum Refusal {
    /// There is no such item.
    NoSuchItem,
    /// None of it is left.
    SoldOut,
    /// The database failed; the client hears only whether to come back.
    Database(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::NoSuchItem => (StatusCode::NOT_FOUND, "no such item").into_response(),
            Self::SoldOut => (StatusCode::CONFLICT, "sold out").into_response(),
            Self::Database(error) => {
                eprintln!("{error}"); // As a service logs it.
                let comes_back = error.is_safe_to_retry();
                let status = if comes_back {
                    StatusCode::SERVICE_UNAVAILABLE
                } else {
                    StatusCode::INTERNAL_SERVER_ERROR
                };
                status.into_response()
            }
        }
    }
}

/// Takes one of the item and writes the order. The answer is made after the commit, so it is true.
async fn order(DbTx(tx): DbTx, Path(item): Path<i32>) -> Result<(StatusCode, String), Refusal> {
    tx.execute("insert into orders(item) values ($1)", &[&item]).await?;
    let update = "update stock set left_over = left_over - 1 where item = $1 returning left_over";
    let row = tx.query_opt(update, &[&item]).await?.ok_or(Refusal::NoSuchItem)?;
    let left_over: i32 = row.get(0);
    if left_over < 0 {
        return Err(Refusal::SoldOut); // Takes the order back as well.
    }
    tx.commit().await?;
    Ok((StatusCode::CREATED, left_over.to_string()))
}

/// The routes, in front of this pool.
pub(crate) fn service(pool: Pool) -> Router {
    Router::new().route("/orders/{item}", post(order)).with_state(pool)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = Pool::connect(Config::from_env()?).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("http://{}/orders/7", listener.local_addr()?);
    axum::serve(listener, service(pool)).await?;
    Ok(())
}
