//! From a request to a response: limits, route table, answer, headers, counting.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Body;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, Uri};
use tokio::time::Instant;

use crate::config::Answers;
use crate::http::routes::{self, Listing, Place, Route, Visibility};
use crate::http::{Ask, Problem, Reply, request_body, request_id};
use crate::monitor::Monitor;
use crate::probe::BoxFuture;

/// Answers requests from what a [`Monitor`] knows.
///
/// It is a [`tower_service::Service`], so an application can mount it inside its own hyper or axum server; see the
/// example `mount`. A clone is cheap. Reading a request body needs a tokio runtime with its timer.
#[derive(Clone, Debug)]
pub struct Router {
    monitor: Monitor,
    answers: Arc<Answers>,
    details: bool,
}

impl Router {
    /// A router that tells everyone the status words only; see [`showing_details`](Self::showing_details).
    #[must_use]
    pub fn new(monitor: Monitor) -> Self {
        Self { monitor, answers: Arc::default(), details: false }
    }

    /// Sets limits and legacy behaviour where the router is mounted; a [`Server`](crate::Server) sets those of its
    /// configuration.
    #[must_use]
    pub fn answering(mut self, answers: Answers) -> Self {
        self.answers = Arc::new(answers);
        self
    }

    /// Shows or hides everything beyond the status words: names, versions, ages of single checks, figures.
    ///
    /// [`Server::bind`](crate::Server::bind) shows them on loopback addresses and hides them on all others. Where
    /// the router is mounted, show them only if strangers cannot reach the paths.
    #[must_use]
    pub fn showing_details(mut self, shown: bool) -> Self {
        self.details = shown;
        self
    }

    /// Every route that it answers, for documentation and for whoever mounts it.
    pub fn routes() -> impl Iterator<Item = Listing> {
        routes::listed()
    }

    /// The state it answers from.
    #[must_use]
    pub fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    pub(crate) fn answers(&self) -> &Answers {
        &self.answers
    }

    async fn respond<B>(&self, request: Request<B>) -> Response<Full<Bytes>>
    where
        B: Body + Send,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let started = Instant::now();
        let (head, body) = request.into_parts();
        let id = request_id::of(&head.headers);
        let place = Place::find(head.uri.path());
        let reply = self
            .reply(&head, place, body)
            .await
            .unwrap_or_else(|problem| problem.reply(head.uri.path(), id.to_str().unwrap_or_default()));
        self.count(&head, place, &reply, started);
        tracing::debug!(request_id = ?id, method = %head.method, code = reply.status.as_u16(), "request answered");
        reply.into_response(head.method != Method::HEAD, &id)
    }

    /// The body is read before any answer, even a refusal, so that kept connections stay in step.
    async fn reply<B>(&self, head: &Parts, place: Option<Place>, body: B) -> Result<Reply, Problem>
    where
        B: Body + Send,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let Answers { request_timeout, body_limit, uri_limit, legacy_status: _ } = *self.answers;
        request_body::discard(body, body_limit, request_timeout).await?;
        if length(&head.uri) > uri_limit {
            return Err(Problem::UriTooLong { limit: uri_limit });
        }
        let place = place.ok_or(Problem::NotFound)?;
        match place.route(&head.method) {
            Some(route) => self.answer(head, route),
            None if head.method == Method::OPTIONS => Ok(Reply::allowed(place.allow())),
            None => Err(Problem::MethodNotAllowed { allow: place.allow() }),
        }
    }

    /// A panic in an answer or in someone's view costs this one request, not the connection.
    fn answer(&self, head: &Parts, route: &Route) -> Result<Reply, Problem> {
        let details = self.details || route.visibility == Visibility::Everyone;
        let legacy_status = self.answers.legacy_status;
        let ask = Ask { monitor: &self.monitor, head, details, legacy_status };
        catch_unwind(AssertUnwindSafe(|| (route.answer)(&ask))).unwrap_or_else(|_panic| {
            tracing::error!(route = route.path, "answer panicked");
            Err(Problem::Panicked)
        })
    }

    fn count(&self, head: &Parts, place: Option<Place>, reply: &Reply, started: Instant) {
        let route = place.map_or("other", |place| place.path);
        let method = routes::method_label(&head.method);
        self.monitor.http().answered(route, method, reply.status.as_u16(), started.elapsed());
    }
}

fn length(uri: &Uri) -> usize {
    uri.path_and_query().map_or(0, |target| target.as_str().len())
}

impl<B> tower_service::Service<Request<B>> for Router
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let router = self.clone();
        Box::pin(async move { Ok(router.respond(request).await) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::StatusCode;

    #[test]
    fn a_panicking_answer_is_an_internal_problem() {
        let (monitor, _scheduler) = Monitor::builder().build().unwrap();
        let route = Route {
            method: Method::GET,
            path: "/broken",
            visibility: Visibility::Everyone,
            answer: |_| panic!("an answer panics"),
            description: "Panics.",
        };
        let (head, ()) = Request::new(()).into_parts();
        let problem = Router::new(monitor).answer(&head, &route).expect_err("it panics");
        assert_eq!(problem, Problem::Panicked);
        assert_eq!(problem.reply("/broken", "id").status, StatusCode::INTERNAL_SERVER_ERROR);
    }
}
