//! `/metrics`: always 200, above all when the database is down.

use hyper::StatusCode;

use crate::http::{Ask, Problem, Reply};
use crate::metrics::CONTENT_TYPE;

#[expect(clippy::unnecessary_wraps, reason = "the route table holds one type of function")]
pub(crate) fn answer(ask: &Ask<'_>) -> Result<Reply, Problem> {
    Ok(Reply::new(StatusCode::OK, CONTENT_TYPE, ask.monitor.metrics_page()))
}
