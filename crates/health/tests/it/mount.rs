//! The router inside someone else's server.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::Request;
use hyper::body::Frame;
use pgkeel_health::{Answers, Monitor, Router};
use tower_service::Service;

fn assert_service<B>(_: &impl Service<Request<B>, Error = std::convert::Infallible>) {}

fn router() -> Router {
    let (monitor, _scheduler) = Monitor::builder().build().expect("nothing to refuse");
    let mut answers = Answers::default();
    answers.body_limit = 8;
    Router::new(monitor).answering(answers)
}

async fn code(body: impl hyper::body::Body<Data = Bytes, Error = std::io::Error> + Send + 'static) -> u16 {
    let request = Request::builder().uri("/api/v1/health/live").body(body).expect("a valid request");
    router().call(request).await.expect("infallible").status().as_u16()
}

fn chunked(length: usize) -> impl hyper::body::Body<Data = Bytes, Error = std::io::Error> + Send + 'static {
    let bytes = (0..length).map(|_| Ok(Frame::data(Bytes::from_static(b"x"))));
    StreamBody::new(futures_util::stream::iter(bytes))
}

#[tokio::test]
async fn it_is_a_service_for_any_body() {
    assert_service::<Full<Bytes>>(&router());
    assert_service::<hyper::body::Incoming>(&router());
    let known = Full::new(Bytes::from_static(b"12345678")).map_err(std::io::Error::other);
    assert_eq!(code(known).await, 200);
}

#[tokio::test]
async fn a_body_of_unknown_length_counts_while_it_comes() {
    assert_eq!(code(chunked(8)).await, 200);
    assert_eq!(code(chunked(9)).await, 413);
}

#[tokio::test]
async fn a_body_that_breaks_is_the_clients_problem() {
    let broken = futures_util::stream::iter([Err::<Frame<Bytes>, _>(std::io::Error::other("cut"))]);
    assert_eq!(code(StreamBody::new(broken)).await, 400);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_comes_ends_with_408() {
    let silent = futures_util::stream::pending::<Result<Frame<Bytes>, std::io::Error>>();
    assert_eq!(code(StreamBody::new(silent)).await, 408);
}
