//! Requests that cannot be answered, told as RFC 9457 problem details.

use hyper::StatusCode;
use serde::Serialize;

use crate::http::reply::{Reply, kind};

/// Longer paths are cut in `instance`: a problem need not send back all that a client made up.
const INSTANCE_LIMIT: usize = 256;

/// Why a request is not answered. The slugs are stable; clients may compare them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    NotFound,
    MethodNotAllowed {
        allow: String,
    },
    NotAcceptable,
    BodyTooSlow,
    BodyTooLarge {
        limit: usize,
    },
    UriTooLong {
        limit: usize,
    },
    BodyBroken,
    /// A parameter of the query, and what may stand there.
    BadParameter {
        parameter: String,
        allowed: String,
    },
    /// `done` says what was done: nothing.
    NotImplemented {
        done: &'static str,
    },
    Panicked,
}

#[derive(Serialize)]
struct Details<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: String,
    instance: &'a str,
    request_id: &'a str,
}

impl Problem {
    /// The answer that tells it; `path` and `request_id` are those of the request.
    pub(crate) fn reply(self, path: &str, request_id: &str) -> Reply {
        let (status, slug, title, detail) = self.facts();
        let details = Details {
            r#type: format!("urn:pgkeel:problem:{slug}"),
            title,
            status: status.as_u16(),
            detail,
            instance: cut(path),
            request_id,
        };
        let mut reply = Reply::json(status, kind::PROBLEM, &details);
        // What is left of the request on the wire is not read, so the connection cannot be used again.
        reply.close = matches!(self, Self::BodyTooSlow | Self::BodyTooLarge { .. } | Self::BodyBroken);
        if let Self::MethodNotAllowed { allow } = self {
            reply.allow = Some(allow);
        }
        reply
    }

    fn facts(&self) -> (StatusCode, &'static str, &'static str, String) {
        match self {
            Self::NotFound => {
                let detail =
                    "this server has no such path; the health answers begin at /api/v1/health/".into();
                (StatusCode::NOT_FOUND, "not-found", "No such path", detail)
            }
            Self::MethodNotAllowed { allow } => {
                let detail = format!("this path answers {allow}");
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed", detail)
            }
            Self::NotAcceptable => {
                let detail = "this path answers application/json or application/health+json".into();
                (StatusCode::NOT_ACCEPTABLE, "not-acceptable", "No acceptable format", detail)
            }
            Self::BodyTooSlow => {
                let detail = "the request body did not arrive in time".into();
                (StatusCode::REQUEST_TIMEOUT, "request-timeout", "Request too slow", detail)
            }
            Self::BodyTooLarge { limit } => {
                let detail = format!("a request body may have {limit} bytes here");
                (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "Request body too large", detail)
            }
            Self::UriTooLong { limit } => {
                let detail = format!("path and query may have {limit} bytes");
                (StatusCode::URI_TOO_LONG, "uri-too-long", "Path and query too long", detail)
            }
            Self::BodyBroken => {
                let detail = "the request body could not be read".into();
                (StatusCode::BAD_REQUEST, "body-unreadable", "Request body unreadable", detail)
            }
            Self::BadParameter { parameter, allowed } => {
                let detail = format!("`{}`: {allowed}", cut(parameter));
                (StatusCode::BAD_REQUEST, "bad-parameter", "Parameter cannot be used", detail)
            }
            Self::NotImplemented { done } => {
                let detail = (*done).to_owned();
                (StatusCode::NOT_IMPLEMENTED, "not-implemented", "Not implemented yet", detail)
            }
            Self::Panicked => {
                let detail = "the answer could not be built; the log of the process says why".into();
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error", detail)
            }
        }
    }
}

fn cut(path: &str) -> &str {
    &path[..path.floor_char_boundary(INSTANCE_LIMIT)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_the_five_members_of_the_rfc() {
        let reply = Problem::NotFound.reply("/nowhere", "id-1");
        let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(body["type"], "urn:pgkeel:problem:not-found");
        assert_eq!((body["status"].as_u64(), body["instance"].as_str()), (Some(404), Some("/nowhere")));
        assert!(body["title"].is_string() && body["detail"].is_string());
    }

    #[test]
    fn a_long_path_is_cut_at_a_character() {
        let path = "/ä".repeat(300);
        assert!(cut(&path).len() <= INSTANCE_LIMIT && path.starts_with(cut(&path)));
    }
}
