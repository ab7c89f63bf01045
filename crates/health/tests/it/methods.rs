//! Paths, methods, formats and the headers that every answer has.

use pgkeel_health::{Config, Listing, Router};

use crate::client::{Served, ask, get};
use crate::fakes::idle;

#[tokio::test]
async fn an_unknown_path_is_a_problem_that_names_it() {
    let answer = get(&idle(), "/api/v1/health/nowhere?q=1").await;
    answer.is_problem(404, "not-found");
    assert_eq!(answer.json()["instance"], "/api/v1/health/nowhere");
}

#[tokio::test]
async fn another_method_is_a_problem_with_allow() {
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"] {
        let answer = ask(&idle(), method, "/api/v1/health/live", &[]).await;
        answer.is_problem(405, "method-not-allowed");
        assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS", "{method}");
    }
}

#[tokio::test]
async fn options_tells_the_methods_and_has_no_body() {
    for route in Router::routes() {
        let answer = ask(&idle(), "OPTIONS", route.path, &[]).await;
        let allowed = if route.method == "GET" { "GET, HEAD, OPTIONS" } else { "POST, OPTIONS" };
        assert_eq!((answer.code, answer.header("allow"), answer.body.as_str()), (204, allowed, ""));
        assert_eq!(answer.header("content-length"), "");
    }
    ask(&idle(), "OPTIONS", "/nowhere", &[]).await.is_problem(404, "not-found");
}

#[tokio::test]
async fn head_on_the_wire_has_the_headers_of_get_and_no_body() {
    let served = Served::by(Config::default(), idle()).await;
    let mut client = served.connect().await;
    let is_steady = |route: &Listing| route.method == "GET" && route.path != "/metrics";
    for route in Router::routes().filter(is_steady) {
        client.send(&format!("GET {} HTTP/1.1\r\nhost: x\r\nx-request-id: same\r\n\r\n", route.path)).await;
        let mut get = client.answer().await;
        client.send(&format!("HEAD {} HTTP/1.1\r\nhost: x\r\nx-request-id: same\r\n\r\n", route.path)).await;
        let mut head = client.head_answer().await;
        assert_eq!(head.code, get.code, "{}", route.path);
        for varying in ["date", "content-length"] {
            // Ages and times differ by digits between two requests; that both have a length is what counts.
            assert!(get.headers.remove(varying).is_some() && head.headers.remove(varying).is_some());
        }
        assert_eq!(head.headers, get.headers, "{}", route.path);
    }
    served.stop().await;
}

#[tokio::test]
async fn a_format_that_is_not_spoken_is_a_problem() {
    for path in ["/api/v1/health/", "/api/v1/health/live", "/api/v1/health/database/connection-pool"] {
        ask(&idle(), "GET", path, &[("accept", "text/html")]).await.is_problem(406, "not-acceptable");
    }
    assert_eq!(
        ask(&idle(), "GET", "/metrics", &[("accept", "application/openmetrics-text")]).await.code,
        200
    );
}

#[tokio::test]
async fn every_answer_forbids_caching_and_sniffing_and_has_a_request_id() {
    for (method, path) in
        [("GET", "/metrics"), ("GET", "/nowhere"), ("OPTIONS", "/health"), ("PUT", "/health")]
    {
        let answer = ask(&idle(), method, path, &[("x-request-id", "abc-123")]).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-request-id"), "abc-123");
    }
    let replaced = ask(&idle(), "GET", "/health", &[("x-request-id", "two words")]).await;
    assert!(!["", "two words"].contains(&replaced.header("x-request-id")));
}

#[tokio::test]
async fn every_listed_route_answers_with_and_without_a_slash() {
    for route in Router::routes() {
        for path in [route.path.to_owned(), format!("{}/", route.path)] {
            let answer = ask(&idle(), route.method, &path, &[]).await;
            assert!(matches!(answer.code, 200 | 501 | 503), "{path}: {}", answer.code);
        }
    }
}

#[tokio::test]
async fn optimize_says_that_it_does_nothing_and_cannot_be_read() {
    let path = "/api/v1/health/database/optimize";
    let answer = ask(&idle(), "POST", path, &[]).await;
    answer.is_problem(501, "not-implemented");
    assert!(answer.json()["detail"].as_str().is_some_and(|detail| detail.contains("nothing was done")));
    for method in ["GET", "HEAD", "DELETE"] {
        let answer = ask(&idle(), method, path, &[]).await;
        assert_eq!((answer.code, answer.header("allow")), (405, "POST, OPTIONS"), "{method}");
    }
}
