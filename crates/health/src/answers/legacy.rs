//! `/health`: the two words that clients of the Python layer compare, whatever they accept.

use hyper::StatusCode;
use serde::Serialize;

use crate::answers::verdict::{connection_word, seconds};
use crate::config::LegacyStatus;
use crate::http::{Ask, Problem, Reply, kind};

/// In the order of old; `age_s` is new, and clients that look up the two words do not see it.
#[derive(Serialize)]
struct Body {
    status: &'static str,
    database: &'static str,
    age_s: Option<f64>,
}

#[expect(clippy::unnecessary_wraps, reason = "the route table holds one type of function")]
pub(crate) fn answer(ask: &Ask<'_>) -> Result<Reply, Problem> {
    let database = ask.monitor.database();
    let connected = database.as_ref().is_some_and(|(_, standing)| standing.is_up());
    let status = if connected { "healthy" } else { "unhealthy" };
    let age_s = database.and_then(|(_, standing)| standing.age).map(seconds);
    let body = Body { status, database: connection_word(connected), age_s };
    Ok(Reply::json(code(connected, ask.legacy_status), kind::JSON, &body))
}

fn code(connected: bool, legacy_status: LegacyStatus) -> StatusCode {
    match (connected, legacy_status) {
        (true, _) | (false, LegacyStatus::Always200) => StatusCode::OK,
        (false, LegacyStatus::Honest) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
