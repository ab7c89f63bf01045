//! An answer before it becomes an HTTP response, and the headers that every response has.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};
use serde::Serialize;

/// Content types that more than one file writes.
pub(crate) mod kind {
    pub(crate) const JSON: &str = "application/json";
    pub(crate) const PROBLEM: &str = "application/problem+json";
}

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Status, content and the few headers that differ from answer to answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
    pub(crate) allow: Option<String>,
    pub(crate) close: bool,
}

impl Reply {
    pub(crate) fn new(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, content_type, body: body.into(), allow: None, close: false }
    }

    pub(crate) fn json(status: StatusCode, content_type: &'static str, body: &impl Serialize) -> Self {
        // Maps have string keys and no serializer here fails; a body that could not be written is left empty.
        let text = serde_json::to_vec(body).unwrap_or_else(|error| {
            tracing::error!(%error, "answer cannot be written as JSON");
            Vec::new()
        });
        Self::new(status, content_type, text)
    }

    /// The answer to OPTIONS.
    pub(crate) fn allowed(allow: String) -> Self {
        Self { allow: Some(allow), ..Self::new(StatusCode::NO_CONTENT, "", Bytes::new()) }
    }

    /// Health is true for a moment only, so nothing on the way may keep it; and a browser must not guess that
    /// JSON is a page.
    pub(crate) fn into_response(self, with_body: bool, request_id: &HeaderValue) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(X_REQUEST_ID, request_id.clone());
        if self.status != StatusCode::NO_CONTENT {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
            headers.insert(CONTENT_LENGTH, self.body.len().into());
        }
        if let Some(allow) = self.allow.and_then(|allow| HeaderValue::try_from(allow).ok()) {
            headers.insert(ALLOW, allow);
        }
        if self.close {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if with_body {
            *response.body_mut() = Full::new(self.body);
        }
        response
    }
}
