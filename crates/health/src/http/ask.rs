//! What an answer may know about the request.

use hyper::http::request::Parts;

use crate::config::LegacyStatus;
use crate::http::{Problem, Vocabulary};
use crate::monitor::Monitor;

/// A request as answers see it: no socket, no body, no way to wait.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) monitor: &'a Monitor,
    pub(crate) head: &'a Parts,
    /// Whether this caller sees more than the status words.
    pub(crate) details: bool,
    pub(crate) legacy_status: LegacyStatus,
}

impl Ask<'_> {
    /// The words the client wants to be answered in.
    pub(crate) fn vocabulary(&self) -> Result<Vocabulary, Problem> {
        Vocabulary::wanted(&self.head.headers).ok_or(Problem::NotAcceptable)
    }
}
