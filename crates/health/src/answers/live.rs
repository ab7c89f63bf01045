//! `/api/v1/health/live`: whether the process runs. No probe has a say in it: restarting a process does not mend
//! its database.

use serde_json::json;
use tokio::time::Instant;

use crate::answers::verdict::{Verdict, seconds};
use crate::http::{Ask, Problem, Reply};
use crate::probe::Status;

pub(crate) fn answer(ask: &Ask<'_>) -> Result<Reply, Problem> {
    let (pulse, now) = (ask.monitor.pulse(), Instant::now());
    let alive = pulse.is_alive(now);
    let status = if alive { Status::Pass } else { Status::Fail };
    let verdict = Verdict::new(ask, status, pulse.age(now))?.because((!alive).then_some("runtime_stuck"));
    Ok(verdict.with("uptime_s", json!(seconds(ask.monitor.uptime()))).reply(ask))
}
